//! One packet to every listener of a space.
//!
//! Within a class the plaintext is the same, so it is built once; per listener it is numbered, sealed into the outbox
//! and queued. No allocation, lock, hash or timer here.

use arengo_wire::rtp::{Element, HeaderFields};

use crate::SLOT_SSRCS;
use crate::limits::OPUS_PACKET;
use crate::outbox::Outbox;
use crate::peer::{Line, Link};
use crate::space::{Class, Listeners};
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
    /// Whose voice it is.
    pub voice: u32,
    /// The level byte of RFC 6464.
    pub level: u8,
    /// The sound.
    pub opus: &'a [u8],
}

/// Send *packet* to everybody with as many lines but its own speaker, the stage first.
pub fn fan_out(
    packet: &SlotPacket<'_>,
    listeners: &Listeners,
    links: &[Option<Link>],
    out: &mut Outbox,
    stats: &mut Stats,
) {
    for on_stage in [true, false] {
        for class in listeners.classes() {
            if class.lines() == packet.lines && !class.members(on_stage).is_empty() {
                to_class(packet, class, on_stage, links, out, stats);
            }
        }
    }
}

fn to_class(
    packet: &SlotPacket<'_>,
    class: &Class,
    on_stage: bool,
    links: &[Option<Link>],
    out: &mut Outbox,
    stats: &mut Stats,
) {
    let mut template = [0; HEADER + OPUS_PACKET];
    let (Some(line), Some(ssrc)) = (class.line(packet.slot), SLOT_SSRCS.get(packet.slot)) else {
        return;
    };
    let Some((plain, header_len)) = build(packet, line, *ssrc, &mut template) else {
        return;
    };
    let most = plain.len() + SRTP_OVERHEAD;
    for member in class.members(on_stage) {
        if member.voice == packet.voice {
            continue;
        }
        let Some(Some(link)) = links.get(member.index as usize) else {
            continue;
        };
        let Some(offset) = link.offsets.get(packet.slot) else {
            continue;
        };
        // A late packet from before this listener came has no number for them.
        let Some(index) = packet.stamp.index.checked_sub(*offset) else {
            continue;
        };
        let room = out.room(most);
        if let Ok(len) = link
            .outbound
            .seal_rtp(plain, header_len, *ssrc, index, room)
        {
            out.commit(link.route, len);
            stats.packets_out += 1;
            stats.bytes_out += len as u64;
        }
    }
}

/// The plaintext for a class and the length of its header.
fn build<'a>(
    packet: &SlotPacket<'_>,
    line: Line,
    ssrc: u32,
    template: &'a mut [u8],
) -> Option<(&'a [u8], usize)> {
    let level = [packet.level];
    let element = [Element {
        id: line.level_extension,
        data: &level,
    }];
    let fields = HeaderFields {
        marker: packet.stamp.marker,
        payload_type: line.payload_type,
        sequence: 0,
        timestamp: packet.stamp.timestamp,
        ssrc,
        csrcs: &[packet.voice],
        elements: if line.level_extension == 0 {
            &[]
        } else {
            &element
        },
    };
    let header_len = fields.write(template).ok()?.len;
    let end = header_len + packet.opus.len();
    template
        .get_mut(header_len..end)?
        .copy_from_slice(packet.opus);
    Some((template.get(..end)?, header_len))
}
