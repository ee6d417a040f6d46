//! The lines that offers and answers of ours share; each ends in CRLF (RFC 8866 §5).

use std::fmt::Write;
use std::net::SocketAddr;

use super::{Candidate, IceCredentials};

pub(super) fn session(id: u64, bundle: &[&str], ice_lite: bool) -> String {
    // An id of 63 bits, as RFC 9429 §5.2.1 asks.
    let id = id & (u64::MAX >> 1);
    let mut out = format!("v=0\r\no=- {id} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    if !bundle.is_empty() {
        let _ = write!(out, "a=group:BUNDLE {}\r\n", bundle.join(" "));
    }
    if ice_lite {
        out.push_str("a=ice-lite\r\n");
    }
    out
}

/// `m=` and `c=` with the default destination, port 9 where there is none (RFC 8839 §4.2.1).
pub(super) fn media_start(
    out: &mut String,
    protocol: &str,
    formats: &str,
    default: Option<SocketAddr>,
) {
    let port = default.map_or(9, |address| address.port());
    let _ = write!(out, "m=audio {port} {protocol} {formats}\r\n");
    let _ = match default {
        Some(address @ SocketAddr::V4(_)) => write!(out, "c=IN IP4 {}\r\n", address.ip()),
        Some(address @ SocketAddr::V6(_)) => write!(out, "c=IN IP6 {}\r\n", address.ip()),
        None => write!(out, "c=IN IP4 0.0.0.0\r\n"),
    };
}

/// The formats of an `m=` line; the order says what is preferred, and Chromium sends what stands first.
pub(super) fn formats(opus: u8, red: Option<u8>, prefers_red: bool) -> String {
    match red {
        None => opus.to_string(),
        Some(red) if prefers_red => format!("{red} {opus}"),
        Some(red) => format!("{opus} {red}"),
    }
}

/// What helps against loss: RED of Opus (RFC 2198 §5), and asking again for lost packets (RFC 4585 §4.2).
pub(super) fn repair(out: &mut String, opus: u8, red: Option<u8>, nack: bool) {
    if let Some(red) = red {
        let _ = write!(out, "a=rtpmap:{red} red/48000/2\r\n");
        let _ = write!(out, "a=fmtp:{red} {opus}/{opus}\r\n");
    }
    if nack {
        let _ = write!(out, "a=rtcp-fb:{opus} nack\r\n");
    }
}

pub(super) fn mid(out: &mut String, mid: Option<&str>) {
    if let Some(mid) = mid {
        let _ = write!(out, "a=mid:{mid}\r\n");
    }
}

pub(super) fn transport(out: &mut String, ice: &IceCredentials, setup: &str, fingerprint: &str) {
    let IceCredentials { ufrag, password } = ice;
    let _ = write!(out, "a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n");
    let _ = write!(
        out,
        "a=fingerprint:sha-256 {fingerprint}\r\na=setup:{setup}\r\na=rtcp-mux\r\n"
    );
}

pub(super) fn extension(out: &mut String, id: Option<u8>, uri: &str) {
    if let Some(id) = id {
        let _ = write!(out, "a=extmap:{id} {uri}\r\n");
    }
}

/// An SSRC, its CNAME, and a stream and track both named *name* (RFC 5576, RFC 8830).
pub(super) fn source(out: &mut String, ssrc: u32, cname: &str, name: &str) {
    let _ = write!(out, "a=msid:{name} {name}\r\n");
    let _ = write!(
        out,
        "a=ssrc:{ssrc} cname:{cname}\r\na=ssrc:{ssrc} msid:{name} {name}\r\n"
    );
}

pub(super) fn candidates(out: &mut String, candidates: &[Candidate]) {
    for candidate in candidates {
        let _ = write!(out, "a={candidate}\r\n");
    }
    out.push_str("a=end-of-candidates\r\n");
}
