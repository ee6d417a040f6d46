//! As much of RFC 6455 as a client needs that holds thousands of sockets and only counts.

/// The upgrade; the key is always the same, and the server's proof of having read it is not looked at.
pub fn upgrade(path: &str, host: &str, token: Option<&str>) -> Vec<u8> {
    let authorization =
        token.map_or_else(String::new, |t| format!("Authorization: Bearer {t}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: YXJlbmdvLWNoYW5uZWwtYg==\r\nSec-WebSocket-Version: 13\r\n{authorization}\r\n"
    )
    .into_bytes()
}

/// A text frame of a client; the mask is zero, which is allowed and costs nothing.
pub fn text(message: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(message.len()) {
        Ok(short @ 0..=125) => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
            frame.extend_from_slice(&length.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(message.as_bytes());
    frame
}

/// A whole frame at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
    /// Bytes of the frame, header included.
    pub length: usize,
}

/// Read the frame at the beginning of *bytes*; None when more is to come. The server neither masks nor splits.
pub fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let (&first, rest) = bytes.split_first()?;
    let (&second, rest) = rest.split_first()?;
    let (size, header): (usize, usize) = match second & 0x7f {
        126 => {
            let (length, _) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), 4)
        }
        127 => {
            let (length, _) = rest.split_first_chunk::<8>()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, 10)
        }
        short => (usize::from(short), 2),
    };
    let length = header.checked_add(size)?;
    let payload = bytes.get(header..length)?;
    Some(Frame {
        opcode: first & 0x0f,
        payload,
        length,
    })
}

/// Where *needle* ends in *hay*.
pub fn after<'a>(hay: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    let at = hay.windows(needle.len()).position(|w| w == needle)?;
    hay.get(at + needle.len()..)
}

/// The digits at the beginning of *bytes* as a number.
pub fn number(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(bytes.get(..digits)?).ok()?.parse().ok()
}

/// The text up to the next quotation mark.
pub fn quoted(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|&b| b == b'"')?;
    std::str::from_utf8(bytes.get(..end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_when_all_of_it_is_there() {
        let mut bytes = vec![0x81, 126, 0, 200];
        bytes.extend([b'x'; 200]);
        for some in 0..bytes.len() {
            assert_eq!(read(bytes.get(..some).unwrap_or_default()), None);
        }
        bytes.push(0x88);
        let frame = read(&bytes);
        assert_eq!(
            frame.map(|f| (f.opcode, f.payload.len(), f.length)),
            Some((1, 200, 204))
        );
    }

    #[test]
    fn a_length_beyond_all_memory_is_only_waited_for() {
        assert_eq!(
            read(&[0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255]),
            None
        );
    }

    #[test]
    fn what_a_client_says_is_masked_and_has_its_length() {
        assert_eq!(text("hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(
            text(&"x".repeat(300)).get(..4),
            Some(&[0x81, 0xfe, 1, 44][..])
        );
    }

    #[test]
    fn numbers_and_texts_are_found_behind_their_names() {
        let message = br#"{"type":"event","n":17,"title":"e4"}"#;
        assert_eq!(after(message, br#""title":"e"#).and_then(number), Some(4));
        assert_eq!(after(message, br#""title":""#).and_then(quoted), Some("e4"));
        assert_eq!(after(message, b"nothing"), None);
    }
}
