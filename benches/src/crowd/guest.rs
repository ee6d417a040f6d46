//! One participant, as the driver holds them.

use std::sync::mpsc::SyncSender;
use std::time::Instant;

use super::Entering;
use super::streams::{STREAMS, Seen, Stream};
use crate::systems::{Standing, Wire};

/// Somebody who came in.
pub struct Guest {
    pub wire: Box<dyn Wire>,
    pub space: usize,
    pub talks: bool,
    /// Whether they were there when the window began.
    pub was_there: bool,
    pub began: u64,
    /// Told at the first packet of sound.
    pub hears: Option<SyncSender<()>>,
    /// From the first word of signalling to the first packet of sound.
    pub first_packet_us: Option<u64>,
    pub standing: Standing,
    /// When the driver comes back to them.
    pub armed: Option<Instant>,
    pub streams: Streams,
}

/// What they receive.
#[derive(Default)]
pub struct Streams([Option<Stream>; STREAMS]);

impl Guest {
    pub fn new(entering: Entering) -> Guest {
        Guest {
            wire: entering.wire,
            space: entering.space,
            talks: entering.voice.is_some(),
            was_there: false,
            began: entering.began,
            hears: entering.hears,
            first_packet_us: None,
            standing: Standing::Connecting,
            armed: None,
            streams: Streams::default(),
        }
    }
}

impl Streams {
    /// The stream *id*, and whether it is new; None where there are too many others.
    #[inline]
    pub fn of(&mut self, id: u32, seen: Seen) -> Option<(&mut Stream, bool)> {
        let places = self.0.iter_mut();
        let mut usable = places.filter(|place| place.is_none_or(|stream| stream.id == id));
        let place = usable.next()?;
        let is_new = place.is_none();
        Some((place.get_or_insert_with(|| Stream::new(id, seen)), is_new))
    }

    pub fn all(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.0.iter_mut().flatten()
    }

    pub fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }
}
