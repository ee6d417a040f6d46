//! The recorded voices that every talker plays: Opus at 50 packets a second, the demo's own recordings.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use arengo_wire::opus::{Frames, PAUSE_FRAME, SILENCE_FRAME};

use crate::Failure;

/// Recordings, one for each talker of a space; a talker plays theirs over and over.
const FILES: [&str; 3] = ["en-02-robert.opus", "it-01-chiara.opus", "en-01-nora.opus"];
/// Shorter ones are pauses, which servers may treat as such.
const LEAST_BYTES: usize = 20;

/// What talkers say, and how to tell what was heard.
pub struct Voices {
    voices: Vec<Vec<Vec<u8>>>,
    /// By the content of a frame: voice and place; None where it occurs twice.
    places: HashMap<u64, Option<(usize, usize)>>,
}

/// A packet that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub voice: usize,
    /// Where in the recording its last frame is.
    pub last: usize,
    /// How many frames it has.
    pub frames: usize,
}

/// What became of the sample that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognised {
    At(Place),
    /// Something that is said more than once.
    Somewhere,
    /// Nobody said that.
    Never,
}

impl Voices {
    /// Read the recordings of the repository at *root*.
    pub fn read(root: &Path) -> Result<Voices, Failure> {
        let folder = root.join("src/arengo/demo/voices");
        let mut voices = Vec::new();
        for file in FILES {
            let path = folder.join(file);
            let bytes = std::fs::read(&path);
            let bytes = bytes.map_err(|error| format!("{}: {error}", path.display()))?;
            let mut packets = ogg_packets(&bytes)?;
            packets.drain(..packets.len().min(2));
            packets.retain(|packet| packet.len() >= LEAST_BYTES);
            if packets.is_empty() {
                return Err(format!("{file} holds no sound").into());
            }
            voices.push(packets);
        }
        Ok(Voices::of(voices))
    }

    fn of(voices: Vec<Vec<Vec<u8>>>) -> Voices {
        let mut places = HashMap::new();
        for (voice, packets) in voices.iter().enumerate() {
            for (place, packet) in packets.iter().enumerate() {
                match places.entry(content(packet.get(1..).unwrap_or_default())) {
                    Entry::Occupied(mut known) => {
                        known.insert(None);
                    }
                    Entry::Vacant(new) => {
                        new.insert(Some((voice, place)));
                    }
                }
            }
        }
        Voices { voices, places }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.voices.len()
    }

    /// How many packets *voice* has.
    pub fn packets(&self, voice: usize) -> usize {
        self.voices.get(voice).map_or(1, Vec::len)
    }

    /// The packet *number* of *voice*, which begins again at its end.
    pub fn packet(&self, voice: usize, number: u64) -> &[u8] {
        let packets = self.voices.get(voice).map(Vec::as_slice);
        let packets = packets.unwrap_or_default();
        let place = number % packets.len().max(1) as u64;
        packets.get(place as usize).map_or(&[], Vec::as_slice)
    }

    /// Bytes of a packet on average.
    pub fn mean_bytes(&self) -> f64 {
        let all = self.voices.iter().flatten();
        let (count, bytes) = all.fold((0, 0), |(count, bytes), packet| {
            (count + 1, bytes + packet.len())
        });
        bytes as f64 / f64::from(count.max(1))
    }

    /// Whose *opus* is, frame by frame: all of one voice and in order.
    pub fn recognise(&self, opus: &[u8]) -> Recognised {
        if opus == SILENCE_FRAME || opus == PAUSE_FRAME {
            // Some servers close a voice with it that paused.
            return Recognised::Somewhere;
        }
        let Ok(frames) = Frames::parse(opus) else {
            return Recognised::Never;
        };
        let mut place: Option<Place> = None;
        let mut is_certain = true;
        for frame in frames.as_slice() {
            match (self.places.get(&content(frame)), place) {
                (None, _) => return Recognised::Never,
                (Some(None), _) => is_certain = false,
                (Some(Some((voice, last))), None) => {
                    place = Some(Place {
                        voice: *voice,
                        last: *last,
                        frames: frames.as_slice().len(),
                    });
                }
                (Some(Some((voice, next))), Some(before)) => {
                    let follows = *voice == before.voice
                        && *next == (before.last + 1) % self.packets(before.voice);
                    if !follows && is_certain {
                        return Recognised::Never;
                    }
                    place = Some(Place {
                        last: *next,
                        ..before
                    });
                }
            }
        }
        match place {
            Some(place) if is_certain => Recognised::At(place),
            _ => Recognised::Somewhere,
        }
    }
}

fn content(frame: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    frame.hash(&mut hasher);
    hasher.finish()
}

/// The packets of an Ogg stream (RFC 3533), the first two being headers (RFC 7845).
fn ogg_packets(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    const HEAD: usize = 27;
    let mut packets = Vec::new();
    let mut packet = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(HEAD) {
        if !head.starts_with(b"OggS") {
            return Err("not an Ogg page".into());
        }
        let segments = usize::from(head.last().copied().unwrap_or(0));
        let (lengths, mut rest) = rest.split_at_checked(segments).ok_or("a page is cut off")?;
        for length in lengths {
            let (part, behind) = rest
                .split_at_checked(usize::from(*length))
                .ok_or("a page is cut off")?;
            packet.extend_from_slice(part);
            rest = behind;
            if *length < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
        bytes = rest;
    }
    Ok(packets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    fn two_voices() -> Voices {
        let say = |voice: u8| (0..5).map(|place| vec![0x78, voice, place]).collect();
        Voices::of(vec![say(1), say(2)])
    }

    #[test]
    fn a_packet_is_recognised_where_it_was_said() {
        let voices = two_voices();
        let place = Place {
            voice: 1,
            last: 3,
            frames: 1,
        };
        assert_eq!(voices.recognise(voices.packet(1, 8)), Recognised::At(place));
        assert_eq!(voices.recognise(&[0x78, 9, 9]), Recognised::Never);
    }

    #[test]
    fn frames_made_one_packet_are_recognised_by_the_last_and_in_their_order_alone() {
        let voices = two_voices();
        // Three frames of equal length (RFC 6716 section 3.2.5), the recording beginning again after the first.
        let merged = [0x7b, 3, 1, 4, 1, 0, 1, 1];
        let place = Place {
            voice: 0,
            last: 1,
            frames: 3,
        };
        assert_eq!(voices.recognise(&merged), Recognised::At(place));
        let swapped = [0x7b, 3, 1, 0, 1, 4, 1, 1];
        assert_eq!(voices.recognise(&swapped), Recognised::Never);
    }

    #[test]
    fn packets_of_an_ogg_stream_go_on_over_segments_and_pages() {
        let mut page = b"OggS".to_vec();
        page.resize(26, 0);
        let mut bytes = page.clone();
        bytes.extend([2, 3, 255, 1, 2, 3]);
        bytes.extend([7; 255]);
        bytes.extend(page);
        bytes.extend([1, 1, 7]);
        let packets = ogg_packets(&bytes).unwrap();
        assert_eq!(packets, [vec![1, 2, 3], vec![7; 256]]);
    }
}
