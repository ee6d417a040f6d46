//! The frames inside a packet (RFC 6716 §3.2), and several packets made one without decoding.

use std::fmt;

use super::{Malformed, Packing, Toc, frame_count, toc};
use crate::bytes::{BufferTooSmall, Sink};
use crate::limits::{OPUS_FRAME_BYTES, OPUS_FRAMES, OPUS_PACKET_SAMPLES};

const COUNTED: u8 = 3;
const VARIABLE_RATE: u8 = 0x80;
const PADDED: u8 = 0x40;
/// From here on a length takes two bytes (RFC 6716 §3.2.1).
const LONG: usize = 252;

/// The frames of one packet, in order; an empty one was lost or not sent.
#[derive(Debug, Clone, Copy)]
pub struct Frames<'a> {
    list: [&'a [u8]; OPUS_FRAMES],
    count: usize,
}

impl<'a> Frames<'a> {
    /// Takes *packet* apart.
    pub fn parse(packet: &'a [u8]) -> Result<Self, Malformed> {
        let toc = toc(packet).ok_or(Malformed::Empty)?;
        let count = usize::from(frame_count(packet)?);
        let mut rest = packet.get(1..).unwrap_or_default();
        let told = match toc.packing() {
            Packing::One | Packing::TwoEqual => 0,
            Packing::TwoDifferent => 1,
            Packing::Counted if read_count(&mut rest)? => count - 1,
            Packing::Counted => 0,
        };
        let mut lengths = [0; OPUS_FRAMES];
        for length in lengths.iter_mut().take(told) {
            *length = read_length(&mut rest)?;
        }
        if told == 0 && count > 1 {
            if !rest.len().is_multiple_of(count) {
                return Err(Malformed::Uneven);
            }
            lengths = [rest.len() / count; OPUS_FRAMES];
        }
        let mut frames = Self {
            list: [&[]; OPUS_FRAMES],
            count,
        };
        let (last, others) = frames
            .list
            .get_mut(..count)
            .and_then(<[_]>::split_last_mut)
            .ok_or(Malformed::BadFrameCount)?;
        for (frame, length) in others.iter_mut().zip(lengths) {
            (*frame, rest) = rest.split_at_checked(length).ok_or(Malformed::Truncated)?;
        }
        *last = rest;
        if frames
            .as_slice()
            .iter()
            .any(|frame| frame.len() > OPUS_FRAME_BYTES)
        {
            return Err(Malformed::FrameTooLong);
        }
        Ok(frames)
    }

    pub fn as_slice(&self) -> &[&'a [u8]] {
        self.list.get(..self.count).unwrap_or_default()
    }
}

/// Reads the count byte and the amount of padding, cuts the padding off; whether lengths are told.
fn read_count(rest: &mut &[u8]) -> Result<bool, Malformed> {
    let count = take_byte(rest)?;
    let mut padding = 0;
    if count & PADDED != 0 {
        loop {
            match take_byte(rest)? {
                255 => padding += 254,
                last => break padding += usize::from(last),
            }
        }
    }
    let len = rest
        .len()
        .checked_sub(padding)
        .ok_or(Malformed::Truncated)?;
    *rest = rest.get(..len).unwrap_or_default();
    Ok(count & VARIABLE_RATE != 0)
}

fn read_length(rest: &mut &[u8]) -> Result<usize, Malformed> {
    match usize::from(take_byte(rest)?) {
        short if short < LONG => Ok(short),
        first => Ok(first + 4 * usize::from(take_byte(rest)?)),
    }
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, Malformed> {
    let (byte, behind) = rest.split_first().ok_or(Malformed::Truncated)?;
    *rest = behind;
    Ok(*byte)
}

/// Why packets do not merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeError {
    Malformed(Malformed),
    /// Mode, bandwidth, frame size or channels differ: send what waits, begin anew.
    Different,
    /// Together they would play for more than 120 ms, or there is nothing to merge.
    BadDuration,
    BufferTooSmall,
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Different => f.write_str("Opus packets of different kinds"),
            Self::BadDuration => f.write_str("Opus packets of more than 120 ms together"),
            Self::BufferTooSmall => f.write_str("buffer too small"),
        }
    }
}

impl std::error::Error for MergeError {}

impl From<Malformed> for MergeError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<BufferTooSmall> for MergeError {
    fn from(_: BufferTooSmall) -> Self {
        Self::BufferTooSmall
    }
}

/// Writes the frames of *packets* as one packet of counted frames; returns its length.
///
/// All must agree in everything but their packing (RFC 6716 §3.2.5); nothing is decoded or encoded.
pub fn merge(packets: &[&[u8]], out: &mut [u8]) -> Result<usize, MergeError> {
    let first = packets
        .first()
        .and_then(|packet| toc(packet))
        .ok_or(MergeError::BadDuration)?;
    let mut list: [&[u8]; OPUS_FRAMES] = [&[]; OPUS_FRAMES];
    let mut room = list.iter_mut();
    let mut count: u8 = 0;
    for packet in packets {
        if !toc(packet).is_some_and(|toc| toc.merges_with(first)) {
            return Err(MergeError::Different);
        }
        for frame in Frames::parse(packet)?.as_slice() {
            *room.next().ok_or(MergeError::BadDuration)? = frame;
            count += 1;
        }
    }
    if u32::from(count) * first.frame_samples() > OPUS_PACKET_SAMPLES {
        return Err(MergeError::BadDuration);
    }
    Ok(write(
        first,
        count,
        list.get(..usize::from(count)).unwrap_or_default(),
        0,
        out,
    )?)
}

/// Why a packet does not become one of a wanted length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadError {
    Malformed(Malformed),
    /// Shorter than the packet is as one of counted frames.
    TooShort,
    BufferTooSmall,
}

impl fmt::Display for PadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::TooShort => f.write_str("too short a length for this Opus packet"),
            Self::BufferTooSmall => f.write_str("buffer too small"),
        }
    }
}

impl std::error::Error for PadError {}

impl From<Malformed> for PadError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<BufferTooSmall> for PadError {
    fn from(_: BufferTooSmall) -> Self {
        Self::BufferTooSmall
    }
}

/// Writes *packet* as one of exactly *wanted* bytes with the same frames, by Opus padding (RFC 6716 §3.2.5).
///
/// Every length from one byte more on can be had, and the packet's own, at which it stays as it is; nothing is decoded.
pub fn pad(packet: &[u8], wanted: usize, out: &mut [u8]) -> Result<(), PadError> {
    let frames = Frames::parse(packet)?;
    let out = out.get_mut(..wanted).ok_or(PadError::BufferTooSmall)?;
    if packet.len() == wanted {
        out.copy_from_slice(packet);
        return Ok(());
    }
    let toc = toc(packet).ok_or(Malformed::Empty)?;
    let (count, frames) = (frames.count as u8, frames.as_slice());
    let padding = wanted
        .checked_sub(counted_len(frames))
        .ok_or(PadError::TooShort)?;
    write(toc, count, frames, padding, out)?;
    Ok(())
}

/// The length of *frames* as a packet of counted frames without padding.
fn counted_len(frames: &[&[u8]]) -> usize {
    let Some((last, others)) = frames.split_last() else {
        return 0;
    };
    let lengths = if others.iter().any(|frame| frame.len() != last.len()) {
        others
            .iter()
            .map(|frame| 1 + usize::from(frame.len() >= LONG))
            .sum()
    } else {
        0
    };
    2 + lengths + frames.iter().map(|frame| frame.len()).sum::<usize>()
}

/// Writes a packet of counted frames with *padding* more bytes than it needs; returns its length.
fn write(
    toc: Toc,
    count: u8,
    frames: &[&[u8]],
    padding: usize,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let Some((last, others)) = frames.split_last() else {
        return Err(BufferTooSmall);
    };
    let variable = others.iter().any(|frame| frame.len() != last.len());
    let rate = if variable { VARIABLE_RATE } else { 0 };
    let padded = if padding > 0 { PADDED } else { 0 };
    let mut sink = Sink::new(out);
    sink.u8(toc.0 | COUNTED)?;
    sink.u8(count | rate | padded)?;
    // Bytes that tell the amount are padding themselves: each of 255 stands for 254 more (RFC 6716 §3.2.5).
    let mut fill = 0;
    if let Some(rest) = padding.checked_sub(1) {
        for _ in 0..rest / 255 {
            sink.u8(255)?;
        }
        sink.u8((rest % 255) as u8)?;
        fill = rest - rest / 255;
    }
    if variable {
        for frame in others {
            write_length(frame.len(), &mut sink)?;
        }
    }
    for frame in frames {
        sink.put(frame)?;
    }
    for _ in 0..fill {
        sink.u8(0)?;
    }
    Ok(sink.len())
}

fn write_length(length: usize, sink: &mut Sink<'_>) -> Result<(), BufferTooSmall> {
    if length < LONG {
        return sink.u8(length as u8);
    }
    let first = LONG + length % 4;
    sink.u8(first as u8)?;
    sink.u8(((length - first) / 4) as u8)
}
