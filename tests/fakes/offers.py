"""Offers as browsers and tools make them."""

from __future__ import annotations

_FINGERPRINT = ":".join(f"{n:02X}" for n in range(32))


def an_offer(*directions: str, kind: str = "audio", codec: str = "opus/48000/2", ice: bool = True, fingerprint: bool = True) -> str:
    """An offer with one line for each of *directions*, as a browser would bundle them."""
    directions = directions or ("sendonly", "recvonly", "recvonly", "recvonly")
    head = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    head.append("a=group:BUNDLE " + " ".join(map(str, range(len(directions)))))
    head.append("a=extmap-allow-mixed")
    lines = [line for mid, direction in enumerate(directions) for line in _line(mid, direction, kind, codec, ice, fingerprint)]
    return "\r\n".join([*head, *lines]) + "\r\n"


def _line(mid: int, direction: str, kind: str, codec: str, ice: bool, fingerprint: bool) -> list[str]:
    lines = [f"m={kind} 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0"]
    if ice:
        lines += ["a=ice-ufrag:EsAw", "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1", "a=ice-options:trickle"]
    if fingerprint:
        lines.append(f"a=fingerprint:sha-256 {_FINGERPRINT}")
    lines += ["a=setup:actpass", f"a=mid:{mid}"]
    lines += ["a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid"]
    lines += [f"a={direction}", "a=rtcp-mux", f"a=rtpmap:111 {codec}", "a=fmtp:111 minptime=10;useinbandfec=1"]
    if direction in ("sendonly", "sendrecv"):
        lines += [f"a=ssrc:{1000 + mid} cname:somebody"]
    return lines
