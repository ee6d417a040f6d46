//! One packet to every listener of a space.
//!
//! Within a class the plaintext is the same, so it is built once; per listener it is numbered, sealed into the outbox
//! and queued. No allocation, lock, hash or timer here.

use std::ops::Range;

use arengo_wire::opus;
use arengo_wire::red;
use arengo_wire::rtp::{Element, HeaderFields};

use crate::SLOT_SSRCS;
use crate::audience::Round;
use crate::limits::OPUS_PACKET;
use crate::listeners::{Class, Listeners, Section};
use crate::outbox::Outbox;
use crate::peer::{Line, Link};
use crate::redundancy::Redundancy;
use crate::srtp::SRTP_OVERHEAD;
use crate::stats::Stats;
use crate::timeline::Stamp;

/// Fixed header, one CSRC, one extension block of one word.
const HEADER: usize = 12 + 4 + 8;

/// A packet for one slot, before it is anybody's.
#[derive(Clone, Copy, Debug)]
pub struct SlotPacket<'a> {
    /// Number of lines of the listeners that it is for.
    pub lines: usize,
    /// The slot.
    pub slot: usize,
    /// Its number and time.
    pub stamp: Stamp,
    /// Whose voice it is; 0 for the silence after one.
    pub voice: u32,
    /// The level byte of RFC 6464.
    pub level: u8,
    /// The sound; a RED payload where *red* says so, whose payload types are still to be written.
    pub opus: &'a [u8],
    /// Whether earlier frames go with it.
    pub red: bool,
}

/// A packet as every listener of a class gets it, but for number and key.
#[derive(Clone, Debug)]
struct Template {
    plain: Range<usize>,
    header_len: usize,
    ssrc: u32,
    slot: usize,
    index: u64,
    /// Its number in the queue of the audience.
    serial: u64,
}

impl Template {
    /// Seal it for the listener at *link*, if it is theirs.
    #[inline]
    fn seal_for(&self, bytes: &[u8], link: &Link, out: &mut Outbox, stats: &mut Stats) {
        let (Some(plain), Some(offset), Some(floor)) = (
            bytes.get(self.plain.clone()),
            link.offsets.get(self.slot),
            link.floors.get(self.slot),
        ) else {
            return;
        };
        // What is from before this listener came, or before their numbering went another way, has no number for them.
        let Some(index) = self
            .index
            .checked_sub(*offset)
            .filter(|index| index > floor)
        else {
            return;
        };
        let room = out.room(plain.len() + SRTP_OVERHEAD);
        if let Ok(len) = link
            .outbound
            .seal_rtp(plain, self.header_len, self.ssrc, index, room)
        {
            out.commit(link.route, len);
            stats.packets_out += 1;
            stats.bytes_out += len as u64;
        }
    }
}

/// Send *packet* to those on stage with as many lines, and as much redundancy, but its own speaker.
pub fn to_stage(
    packet: &SlotPacket<'_>,
    redundancy: Redundancy,
    listeners: &Listeners,
    links: &[Option<Link>],
    out: &mut Outbox,
    stats: &mut Stats,
) {
    for class in listeners.classes() {
        let members = class.members(Section::Stage(redundancy));
        if class.lines() != packet.lines || members.is_empty() {
            continue;
        }
        let mut plain = [0; HEADER + OPUS_PACKET];
        let Some(template) = build(packet, class, 0, &mut plain) else {
            continue;
        };
        for member in members.iter().filter(|member| member.voice != packet.voice) {
            if let Some(Some(link)) = links.get(member.index as usize) {
                template.seal_for(&plain, link, out, stats);
            }
        }
    }
}

/// Send *packet* to one listener of *class*.
pub fn to_one(
    packet: &SlotPacket<'_>,
    class: &Class,
    link: &Link,
    out: &mut Outbox,
    stats: &mut Stats,
) {
    let mut plain = [0; HEADER + OPUS_PACKET];
    if let Some(template) = build(packet, class, 0, &mut plain) {
        template.seal_for(&plain, link, out, stats);
    }
}

/// All packets of a round for one section of a class; the memory is used again.
#[derive(Debug, Default)]
pub struct Templates {
    list: Vec<Template>,
    bytes: Vec<u8>,
    /// Which packets of the round, in the order in which they go out.
    order: Vec<u16>,
}

impl Templates {
    /// Room for *packets* of *bytes* of Opus together.
    pub fn prepare(&mut self, packets: usize, bytes: usize) {
        self.list.reserve(packets);
        self.order.reserve(packets);
        self.bytes.reserve(bytes + packets * HEADER);
    }

    /// Build those of *round* for *section* of *class*.
    ///
    /// Packets that leave together for the same listener are made equal in length where that costs little, so that the
    /// kernel is handed them as one: the longest goes first, and the last may be shorter.
    pub fn build(&mut self, round: &Round, class: &Class, section: Section) {
        let Self { list, bytes, order } = self;
        list.clear();
        bytes.clear();
        order.clear();
        let lens = |place: &u16| {
            let packet = round.packets().get(usize::from(*place));
            packet.map_or((0, 0), |packet| (packet.slot, round.opus(packet).len()))
        };
        for (place, packet) in round.packets().iter().enumerate() {
            if packet.section == section && packet.lines == class.lines() {
                order.push(place as u16);
            }
        }
        let is_one_of_each = order.iter().enumerate().all(|(n, place)| {
            !order
                .iter()
                .skip(n + 1)
                .any(|other| lens(other).0 == lens(place).0)
        });
        if is_one_of_each {
            order.sort_unstable_by_key(|place| std::cmp::Reverse(lens(place).1));
        }
        let longest = order.iter().map(|place| lens(place).1).max().unwrap_or(0);
        for (n, place) in order.iter().enumerate() {
            let Some(packet) = round.packets().get(usize::from(*place)) else {
                continue;
            };
            let opus = round.opus(packet);
            let is_last = n + 1 == order.len();
            let mut padded = [0; OPUS_PACKET];
            let padding = longest - opus.len();
            let is_worth_it = !is_last && !packet.red && (1..=longest / 4).contains(&padding);
            let equal = padded
                .get_mut(..longest)
                .filter(|_| is_worth_it)
                .and_then(|padded| {
                    opus::pad(opus, longest, padded).ok()?;
                    Some(&*padded)
                });
            let packet = SlotPacket {
                lines: packet.lines,
                slot: packet.slot,
                stamp: packet.stamp,
                voice: packet.voice,
                level: packet.level,
                opus: equal.unwrap_or(opus),
                red: packet.red,
            };
            let serial = round
                .packets()
                .get(usize::from(*place))
                .map_or(0, |packet| packet.serial);
            let start = bytes.len();
            bytes.resize(start + HEADER + packet.opus.len(), 0);
            let room = bytes.get_mut(start..).unwrap_or_default();
            if let Some(mut template) = build(&packet, class, serial, room) {
                template.plain = start..start + template.plain.end;
                bytes.truncate(template.plain.end);
                list.push(template);
            } else {
                bytes.truncate(start);
            }
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Seal for the listener at *link* what was queued since they sat down.
    #[inline]
    pub fn seal_for(&self, link: &Link, out: &mut Outbox, stats: &mut Stats) {
        for template in &self.list {
            if template.serial >= link.since {
                template.seal_for(&self.bytes, link, out, stats);
            }
        }
    }
}

/// Write the plaintext for *class* to the start of *room*.
fn build(packet: &SlotPacket<'_>, class: &Class, serial: u64, room: &mut [u8]) -> Option<Template> {
    let (line, ssrc) = (class.line(packet.slot)?, *SLOT_SSRCS.get(packet.slot)?);
    let header_len = write_header(packet, line, ssrc, room)?;
    let end = header_len + packet.opus.len();
    let payload = room.get_mut(header_len..end)?;
    payload.copy_from_slice(packet.opus);
    if packet.red && !red::set_payload_type(payload, line.payload_type) {
        return None;
    }
    Some(Template {
        plain: 0..end,
        header_len,
        ssrc,
        slot: packet.slot,
        index: packet.stamp.index,
        serial,
    })
}

fn write_header(packet: &SlotPacket<'_>, line: Line, ssrc: u32, room: &mut [u8]) -> Option<usize> {
    let level = [packet.level];
    let element = [Element {
        id: line.level_extension,
        data: &level,
    }];
    let fields = HeaderFields {
        marker: packet.stamp.marker,
        payload_type: if packet.red {
            line.red?
        } else {
            line.payload_type
        },
        sequence: 0,
        timestamp: packet.stamp.timestamp,
        ssrc,
        csrcs: if packet.voice == 0 {
            &[]
        } else {
            std::slice::from_ref(&packet.voice)
        },
        elements: if line.level_extension == 0 {
            &[]
        } else {
            &element
        },
    };
    Some(fields.write(room).ok()?.len)
}
