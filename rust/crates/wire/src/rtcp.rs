//! RTCP: sender and receiver reports, SDES, BYE (RFC 3550 §6) and generic NACK (RFC 4585 §6.2.1), read without allocation
//! and written into a caller's buffer.

use std::fmt;

use crate::bytes::{u8_at, u16_at, u32_at, u64_at};

mod nack;
mod ntp;
mod write;

pub use nack::Lost;
pub use ntp::{NtpTime, delay_units, round_trip};
pub use write::Compound;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
/// The format of transport feedback that asks for packets again.
const GENERIC_NACK: u8 = 1;
const CNAME: u8 = 1;
const BLOCK_LEN: usize = 24;

/// Why a compound packet cannot be read further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    WrongVersion,
    Truncated,
    BadPadding,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongVersion => "not RTCP version 2",
            Self::Truncated => "truncated RTCP packet",
            Self::BadPadding => "bad RTCP padding",
        })
    }
}

impl std::error::Error for ParseError {}

/// One packet of a compound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    SenderReport {
        ssrc: u32,
        info: SenderInfo,
        reports: ReportBlocks<'a>,
    },
    ReceiverReport {
        ssrc: u32,
        reports: ReportBlocks<'a>,
    },
    SourceDescription(Chunks<'a>),
    Bye(Sources<'a>),
    /// *sender* lost packets of the stream *media*, and asks for them again.
    Nack {
        sender: u32,
        media: u32,
        lost: Lost<'a>,
    },
}

/// What a sender says of its own stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    pub ntp: NtpTime,
    pub rtp_timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What a receiver says of one stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// Since the last report, of 256.
    pub fraction_lost: u8,
    /// Since the start; signed 24 bits, negative when duplicates outnumber losses.
    pub cumulative_lost: i32,
    pub highest_sequence: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's time; 0 before the first.
    pub last_sender_report: u32,
    /// In 1/65536 s.
    pub delay_since_last_sender_report: u32,
}

/// The packets of *compound*, kinds unknown to us left out; after an error nothing follows.
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

/// Iterates over a compound packet.
#[derive(Debug, Clone)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let read = split_packet(self.rest).and_then(|(packet, rest)| {
                self.rest = rest;
                read_packet(packet)
            });
            match read {
                Ok(None) => {}
                Ok(Some(packet)) => return Some(Ok(packet)),
                Err(error) => {
                    self.rest = &[];
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

struct Raw<'a> {
    count: u8,
    kind: u8,
    body: &'a [u8],
}

fn split_packet(bytes: &[u8]) -> Result<(Raw<'_>, &[u8]), ParseError> {
    let first = u8_at(bytes, 0).ok_or(ParseError::Truncated)?;
    if first >> 6 != 2 {
        return Err(ParseError::WrongVersion);
    }
    let kind = u8_at(bytes, 1).ok_or(ParseError::Truncated)?;
    let words = usize::from(u16_at(bytes, 2).ok_or(ParseError::Truncated)?);
    let (packet, rest) = bytes
        .split_at_checked(4 * (words + 1))
        .ok_or(ParseError::Truncated)?;
    let mut body = packet.get(4..).unwrap_or_default();
    if first & 0x20 != 0 {
        let padding = usize::from(body.last().copied().ok_or(ParseError::BadPadding)?);
        let end = body
            .len()
            .checked_sub(padding)
            .filter(|_| padding > 0)
            .ok_or(ParseError::BadPadding)?;
        body = body.get(..end).unwrap_or_default();
    }
    Ok((
        Raw {
            count: first & 0x1F,
            kind,
            body,
        },
        rest,
    ))
}

fn read_packet(raw: Raw<'_>) -> Result<Option<Packet<'_>>, ParseError> {
    let Raw { count, kind, body } = raw;
    let packet = match kind {
        SENDER_REPORT => {
            let info = SenderInfo {
                ntp: NtpTime(u64_at(body, 4).ok_or(ParseError::Truncated)?),
                rtp_timestamp: u32_at(body, 12).ok_or(ParseError::Truncated)?,
                packets: u32_at(body, 16).ok_or(ParseError::Truncated)?,
                octets: u32_at(body, 20).ok_or(ParseError::Truncated)?,
            };
            let ssrc = u32_at(body, 0).ok_or(ParseError::Truncated)?;
            Packet::SenderReport {
                ssrc,
                info,
                reports: ReportBlocks::new(body, 24, count)?,
            }
        }
        RECEIVER_REPORT => {
            let ssrc = u32_at(body, 0).ok_or(ParseError::Truncated)?;
            Packet::ReceiverReport {
                ssrc,
                reports: ReportBlocks::new(body, 4, count)?,
            }
        }
        SOURCE_DESCRIPTION => Packet::SourceDescription(Chunks {
            rest: body,
            left: count,
        }),
        BYE => {
            let sources = body
                .get(..4 * usize::from(count))
                .ok_or(ParseError::Truncated)?;
            Packet::Bye(Sources { rest: sources })
        }
        TRANSPORT_FEEDBACK if count == GENERIC_NACK => Packet::Nack {
            sender: u32_at(body, 0).ok_or(ParseError::Truncated)?,
            media: u32_at(body, 4).ok_or(ParseError::Truncated)?,
            lost: Lost::new(body.get(8..).unwrap_or_default()),
        },
        _ => return Ok(None),
    };
    Ok(Some(packet))
}

/// Iterates over report blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    rest: &'a [u8],
}

impl<'a> ReportBlocks<'a> {
    fn new(body: &'a [u8], at: usize, count: u8) -> Result<Self, ParseError> {
        let blocks = body
            .get(at..)
            .and_then(|rest| rest.get(..BLOCK_LEN * usize::from(count)));
        blocks
            .map(|rest| Self { rest })
            .ok_or(ParseError::Truncated)
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.rest.split_at_checked(BLOCK_LEN)?;
        self.rest = rest;
        let lost = u32_at(block, 4)?;
        Some(ReportBlock {
            ssrc: u32_at(block, 0)?,
            fraction_lost: u8_at(block, 4)?,
            cumulative_lost: ((lost << 8) as i32) >> 8,
            highest_sequence: u32_at(block, 8)?,
            jitter: u32_at(block, 12)?,
            last_sender_report: u32_at(block, 16)?,
            delay_since_last_sender_report: u32_at(block, 20)?,
        })
    }
}

/// Iterates over (SSRC, CNAME) of a source description; chunks without a CNAME are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks<'a> {
    rest: &'a [u8],
    left: u8,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            let ssrc = u32_at(self.rest, 0)?;
            let (cname, len) = read_items(self.rest.get(4..)?)?;
            self.rest = self.rest.get(4 + len..)?;
            if let Some(cname) = cname {
                return Some((ssrc, cname));
            }
        }
        None
    }
}

/// The CNAME among the items of a chunk, and the length of all items with their end and padding.
fn read_items(bytes: &[u8]) -> Option<(Option<&[u8]>, usize)> {
    let (mut at, mut cname) = (0, None);
    loop {
        match u8_at(bytes, at)? {
            0 => return Some((cname, (at + 1).next_multiple_of(4))),
            kind => {
                let len = usize::from(u8_at(bytes, at + 1)?);
                let text = bytes.get(at + 2..at + 2 + len)?;
                if kind == CNAME && cname.is_none() {
                    cname = Some(text);
                }
                at += 2 + len;
            }
        }
    }
}

/// Iterates over the SSRCs of a BYE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources<'a> {
    rest: &'a [u8],
}

impl Iterator for Sources<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (source, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*source))
    }
}
