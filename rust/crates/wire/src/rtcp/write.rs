//! Writing a compound packet.

use super::{
    BYE, CNAME, GENERIC_NACK, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SOURCE_DESCRIPTION,
    SenderInfo, TRANSPORT_FEEDBACK, nack,
};
use crate::bytes::{BufferTooSmall, Sink};

/// A compound packet under construction: a report first, then CNAME (RFC 3550 §6.1), then NACK, then BYE where it ends.
pub struct Compound<'a> {
    sink: Sink<'a>,
}

impl<'a> Compound<'a> {
    pub fn new(out: &'a mut [u8]) -> Self {
        Self {
            sink: Sink::new(out),
        }
    }

    /// Appends a sender report with at most 31 blocks.
    pub fn sender_report(
        &mut self,
        ssrc: u32,
        info: SenderInfo,
        blocks: &[ReportBlock],
    ) -> Result<(), BufferTooSmall> {
        let start = self.start(SENDER_REPORT, blocks.len())?;
        self.sink.u32(ssrc)?;
        self.sink.u64(info.ntp.0)?;
        self.sink.u32(info.rtp_timestamp)?;
        self.sink.u32(info.packets)?;
        self.sink.u32(info.octets)?;
        self.blocks(blocks)?;
        self.end(start)
    }

    /// Appends a receiver report with at most 31 blocks; none is allowed.
    pub fn receiver_report(
        &mut self,
        ssrc: u32,
        blocks: &[ReportBlock],
    ) -> Result<(), BufferTooSmall> {
        let start = self.start(RECEIVER_REPORT, blocks.len())?;
        self.sink.u32(ssrc)?;
        self.blocks(blocks)?;
        self.end(start)
    }

    /// Appends a source description of one chunk with *cname*, at most 255 bytes.
    pub fn cname(&mut self, ssrc: u32, cname: &str) -> Result<(), BufferTooSmall> {
        let start = self.start(SOURCE_DESCRIPTION, 1)?;
        self.sink.u32(ssrc)?;
        self.sink.u8(CNAME)?;
        self.sink
            .u8(u8::try_from(cname.len()).map_err(|_| BufferTooSmall)?)?;
        self.sink.put(cname.as_bytes())?;
        self.sink.u8(0)?;
        self.sink.pad_to_word(start)?;
        self.end(start)
    }

    /// Appends a BYE for at most 31 sources.
    pub fn bye(&mut self, ssrcs: &[u32]) -> Result<(), BufferTooSmall> {
        let start = self.start(BYE, ssrcs.len())?;
        for ssrc in ssrcs {
            self.sink.u32(*ssrc)?;
        }
        self.end(start)
    }

    /// Appends a NACK of *sequences*, lost by *sender* from the stream *media*; nothing where there are none.
    pub fn nack(
        &mut self,
        sender: u32,
        media: u32,
        sequences: &[u16],
    ) -> Result<(), BufferTooSmall> {
        if sequences.is_empty() {
            return Ok(());
        }
        let start = self.start(TRANSPORT_FEEDBACK, usize::from(GENERIC_NACK))?;
        self.sink.u32(sender)?;
        self.sink.u32(media)?;
        nack::write(sequences, &mut self.sink)?;
        self.end(start)
    }

    /// The length of the whole compound.
    #[expect(
        clippy::len_without_is_empty,
        reason = "the length ends the writing; an empty compound is never sent"
    )]
    pub fn len(&self) -> usize {
        self.sink.len()
    }

    fn start(&mut self, kind: u8, count: usize) -> Result<usize, BufferTooSmall> {
        let count = u8::try_from(count)
            .ok()
            .filter(|n| *n <= 31)
            .ok_or(BufferTooSmall)?;
        let start = self.sink.len();
        self.sink.u8(0x80 | count)?;
        self.sink.u8(kind)?;
        self.sink.u16(0)?;
        Ok(start)
    }

    fn blocks(&mut self, blocks: &[ReportBlock]) -> Result<(), BufferTooSmall> {
        for block in blocks {
            self.sink.u32(block.ssrc)?;
            let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0x00FF_FFFF;
            self.sink
                .u32((u32::from(block.fraction_lost) << 24) | lost)?;
            self.sink.u32(block.highest_sequence)?;
            self.sink.u32(block.jitter)?;
            self.sink.u32(block.last_sender_report)?;
            self.sink.u32(block.delay_since_last_sender_report)?;
        }
        Ok(())
    }

    fn end(&mut self, start: usize) -> Result<(), BufferTooSmall> {
        let words = (self.sink.len() - start) / 4 - 1;
        self.sink
            .patch_u16(start + 2, u16::try_from(words).map_err(|_| BufferTooSmall)?);
        Ok(())
    }
}
