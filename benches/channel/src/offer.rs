//! The offer of a listener who never sends a packet: what a join costs the service, without a browser behind it.

macro_rules! line {
    ($mid:literal, $direction:literal) => {
        concat!(
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n",
            "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\na=fingerprint:sha-256 ",
            "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:",
            "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n",
            "a=setup:actpass\r\na=mid:",
            $mid,
            "\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n",
            "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=",
            $direction,
            "\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n",
        )
    };
}

/// One line to speak on and three to listen on, as the app offers.
pub const OFFER: &str = concat!(
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3\r\n",
    line!("0", "sendonly"),
    line!("1", "recvonly"),
    line!("2", "recvonly"),
    line!("3", "recvonly"),
);
