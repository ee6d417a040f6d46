//! The few control messages that a client of Mumble needs, and how they are framed.
//!
//! A frame is a type of two bytes, a length of four, both big-endian, and a protocol buffer.

use prost::Message;

/// No message that a client gets while it joins is longer.
const MOST_BYTES: usize = 8 << 20;

/// Which client this is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Version {
    #[prost(uint32, optional, tag = "1")]
    pub version: Option<u32>,
    #[prost(string, optional, tag = "2")]
    pub release: Option<String>,
}

/// Who comes in, and that they understand Opus.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Authenticate {
    #[prost(string, optional, tag = "1")]
    pub username: Option<String>,
    #[prost(bool, optional, tag = "5")]
    pub opus: Option<bool>,
}

/// Why somebody may not come in.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Reject {
    #[prost(string, optional, tag = "2")]
    pub reason: Option<String>,
}

/// Everything about the server has been told.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ServerSync {
    #[prost(uint32, optional, tag = "1")]
    pub session: Option<u32>,
}

/// The key of the voice datagrams, and where the counters of both directions begin.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CryptSetup {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub client_nonce: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub server_nonce: Option<Vec<u8>>,
}

/// What a client says.
pub enum Said {
    Version(Version),
    Authenticate(Authenticate),
}

/// What a server says, as far as a client that listens cares.
#[derive(Debug, PartialEq)]
pub enum Told {
    Reject(Reject),
    ServerSync(ServerSync),
    CryptSetup(CryptSetup),
    /// Anything else.
    Other(u16),
}

/// What the server sent is not a control message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garbled;

/// One frame.
pub fn frame(said: &Said) -> Vec<u8> {
    let (kind, body): (u16, _) = match said {
        Said::Version(version) => (0, version.encode_to_vec()),
        Said::Authenticate(authenticate) => (2, authenticate.encode_to_vec()),
    };
    let mut frame = kind.to_be_bytes().to_vec();
    frame.extend((body.len() as u32).to_be_bytes());
    frame.extend(body);
    frame
}

/// Take one whole message from the front of *bytes*; None while there is none.
pub fn take(bytes: &mut Vec<u8>) -> Result<Option<Told>, Garbled> {
    let Some(([kind @ .., a, b, c, d], rest)) = bytes.split_first_chunk::<6>() else {
        return Ok(None);
    };
    let kind = u16::from_be_bytes(*kind);
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    if length > MOST_BYTES {
        return Err(Garbled);
    }
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let told = match kind {
        4 => Told::Reject(Reject::decode(body).map_err(|_| Garbled)?),
        5 => Told::ServerSync(ServerSync::decode(body).map_err(|_| Garbled)?),
        15 => Told::CryptSetup(CryptSetup::decode(body).map_err(|_| Garbled)?),
        other => Told::Other(other),
    };
    bytes.drain(..6 + length);
    Ok(Some(told))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    /// A message as a server frames it.
    fn framed(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut frame = kind.to_be_bytes().to_vec();
        frame.extend((body.len() as u32).to_be_bytes());
        frame.extend(body);
        frame
    }

    #[test]
    fn authenticate_is_framed_with_its_type_and_length() {
        let said = Said::Authenticate(Authenticate {
            username: Some("ann".into()),
            opus: Some(true),
        });
        let expected = [0, 2, 0, 0, 0, 7, 0x0a, 3, b'a', b'n', b'n', 0x28, 1];
        assert_eq!(frame(&said), expected);
    }

    #[test]
    fn messages_are_taken_whole_and_in_order() {
        let setup = CryptSetup {
            key: Some(vec![1; 16]),
            client_nonce: Some(vec![2; 16]),
            server_nonce: Some(vec![3; 16]),
        };
        let mut sent = framed(15, &setup.encode_to_vec());
        sent.extend(framed(9, &[0xff; 3]));
        sent.extend(framed(5, &[0x08, 7]));
        let (mut bytes, mut told) = (Vec::new(), Vec::new());
        for byte in sent {
            bytes.push(byte);
            told.extend(take(&mut bytes).unwrap());
        }
        assert!(bytes.is_empty());
        let sync = ServerSync { session: Some(7) };
        let expected = [
            Told::CryptSetup(setup),
            Told::Other(9),
            Told::ServerSync(sync),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        assert_eq!(take(&mut vec![0, 5, 0xff, 0, 0, 0]), Err(Garbled));
        assert_eq!(take(&mut framed(5, &[0x08])), Err(Garbled));
    }
}
