//! What is inside of Mumble's voice datagrams: Opus packets and pings, with numbers of variable length.

const PING: u8 = 1 << 5;
const OPUS: u8 = 4 << 5;
const KIND: u8 = 7 << 5;
/// Voice packets are numbered in frames of 10 ms.
pub const FRAMES: u64 = 2;
/// The size of an Opus packet; above it stands whether it is the last of an utterance.
const SIZE: u64 = 0x1fff;

/// A voice datagram of the server's, opened.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    Ping,
    Opus {
        session: u64,
        frame: u64,
        opus: &'a [u8],
    },
}

/// A ping, which the server sends back as it is; it opens the way for voice.
pub fn ping(timestamp: u64) -> Vec<u8> {
    let mut packet = vec![PING];
    write(timestamp, &mut packet);
    packet
}

/// Speech to everybody in the channel; *frame* grows by [`FRAMES`] with each packet of 20 ms.
pub fn speech(frame: u64, opus: &[u8]) -> Vec<u8> {
    let mut packet = vec![OPUS];
    write(frame, &mut packet);
    write(opus.len() as u64 & SIZE, &mut packet);
    packet.extend(opus);
    packet
}

/// Read what the server sent; None when it is neither a ping nor Opus.
pub fn heard(packet: &[u8]) -> Option<Heard<'_>> {
    let (kind, rest) = packet.split_first()?;
    match kind & KIND {
        PING => Some(Heard::Ping),
        OPUS => {
            let (session, rest) = read(rest)?;
            let (frame, rest) = read(rest)?;
            let (size, rest) = read(rest)?;
            let opus = rest.get(..usize::try_from(size & SIZE).ok()?)?;
            Some(Heard::Opus {
                session,
                frame,
                opus,
            })
        }
        _ => None,
    }
}

/// The leading bits say how many bytes follow: 0 none, 10 one, 110 two, 1110 three, 111100 four, 111101 eight.
fn write(number: u64, to: &mut Vec<u8>) {
    let (first, following) = match number {
        0..0x80 => (number as u8, 0),
        0x80..0x4000 => (0x80 | (number >> 8) as u8, 1),
        0x4000..0x20_0000 => (0xc0 | (number >> 16) as u8, 2),
        0x20_0000..0x1000_0000 => (0xe0 | (number >> 24) as u8, 3),
        0x1000_0000..0x1_0000_0000 => (0xf0, 4),
        _ => (0xf4, 8),
    };
    to.push(first);
    to.extend(number.to_be_bytes().iter().skip(8 - following));
}

fn read(from: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = from.split_first()?;
    let (high, following) = match first {
        0..0x80 => (first, 0),
        0x80..0xc0 => (first & 0x3f, 1),
        0xc0..0xe0 => (first & 0x1f, 2),
        0xe0..0xf0 => (first & 0x0f, 3),
        0xf0..0xf4 => (0, 4),
        0xf4..0xf8 => (0, 8),
        // Negative numbers are of no use here.
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(following)?;
    let number = bytes.iter().fold(u64::from(high), |number, &byte| {
        number << 8 | u64::from(byte)
    });
    Some((number, rest))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_at_every_width() {
        for shift in 0..64 {
            for number in [1 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                write(number, &mut bytes);
                assert_eq!(read(&bytes), Some((number, &[][..])));
            }
        }
    }

    #[test]
    fn a_number_of_two_bytes_is_written_high_byte_first() {
        let mut bytes = Vec::new();
        write(0x1234, &mut bytes);
        assert_eq!(bytes, [0x92, 0x34]);
    }

    #[test]
    fn speech_comes_back_with_the_session_of_who_spoke() {
        let sent = speech(700, b"opus");
        let mut relayed = vec![OPUS];
        write(12, &mut relayed);
        relayed.extend(sent.iter().skip(1));
        let expected = Heard::Opus {
            session: 12,
            frame: 700,
            opus: b"opus",
        };
        assert_eq!(heard(&relayed).unwrap(), expected);
    }

    #[test]
    fn a_ping_is_told_from_speech_and_what_is_cut_short_from_both() {
        assert_eq!(heard(&ping(5)), Some(Heard::Ping));
        let mut packet = speech(700, b"opus");
        packet.insert(1, 3);
        for length in 0..packet.len() {
            assert_eq!(heard(packet.get(..length).unwrap()), None, "{length} bytes");
        }
        assert_eq!(heard(&[0xff]), None);
    }
}
