//! Writing messages into a caller's buffer.

use std::net::SocketAddr;

use super::{
    BINDING, Class, ERROR_CODE, ErrorCode, FINGERPRINT, FINGERPRINT_XOR, HEADER_LEN, HmacSha1,
    ICE_CONTROLLED, ICE_CONTROLLING, IceRole, MAGIC_COOKIE, MESSAGE_INTEGRITY, PRIORITY,
    TransactionId, USE_CANDIDATE, USERNAME, XOR_MAPPED_ADDRESS, address, crc32,
};
use crate::bytes::{BufferTooSmall, Sink};

/// An ICE connectivity check to be written.
#[derive(Debug, Clone, Copy)]
pub struct BindingRequest<'a> {
    pub transaction: TransactionId,
    /// `their ufrag:our ufrag`.
    pub username: &'a str,
    /// Of a peer-reflexive candidate, should this check discover one.
    pub priority: u32,
    pub role: IceRole,
    pub use_candidate: bool,
}

impl BindingRequest<'_> {
    /// Writes the request with MESSAGE-INTEGRITY (key: their password) and FINGERPRINT; returns its length.
    pub fn write(&self, hmac: &dyn HmacSha1, out: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let mut message = Writer::start(Class::Request, self.transaction, out)?;
        message.attribute(USERNAME, self.username.as_bytes())?;
        message.attribute(PRIORITY, &self.priority.to_be_bytes())?;
        match self.role {
            IceRole::Controlling(tie_breaker) => {
                message.attribute(ICE_CONTROLLING, &tie_breaker.to_be_bytes())?
            }
            IceRole::Controlled(tie_breaker) => {
                message.attribute(ICE_CONTROLLED, &tie_breaker.to_be_bytes())?
            }
        }
        if self.use_candidate {
            message.attribute(USE_CANDIDATE, &[])?;
        }
        message.integrity(hmac)?;
        message.finish()
    }
}

/// Writes a success response that tells the peer *mapped*, the address it was seen at; returns its length.
pub fn write_success(
    transaction: TransactionId,
    mapped: SocketAddr,
    hmac: &dyn HmacSha1,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let mut message = Writer::start(Class::SuccessResponse, transaction, out)?;
    let (value, length) = address::value(mapped, transaction);
    message.attribute(XOR_MAPPED_ADDRESS, value.get(..length).unwrap_or_default())?;
    message.integrity(hmac)?;
    message.finish()
}

/// Writes an error response, without MESSAGE-INTEGRITY where the request had no valid one; returns its length.
pub fn write_error(
    transaction: TransactionId,
    code: ErrorCode,
    hmac: Option<&dyn HmacSha1>,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let mut message = Writer::start(Class::ErrorResponse, transaction, out)?;
    message.error_code(code)?;
    if let Some(hmac) = hmac {
        message.integrity(hmac)?;
    }
    message.finish()
}

/// Writes a binding indication, the keep-alive of RFC 8445 §11; returns its length.
pub fn write_indication(
    transaction: TransactionId,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    Writer::start(Class::Indication, transaction, out)?.finish()
}

struct Writer<'a> {
    sink: Sink<'a>,
}

impl<'a> Writer<'a> {
    fn start(
        class: Class,
        transaction: TransactionId,
        out: &'a mut [u8],
    ) -> Result<Self, BufferTooSmall> {
        let class_bits = match class {
            Class::Request => 0x0000,
            Class::Indication => 0x0010,
            Class::SuccessResponse => 0x0100,
            Class::ErrorResponse => 0x0110,
        };
        let mut sink = Sink::new(out);
        sink.u16(BINDING | class_bits)?;
        sink.u16(0)?;
        sink.u32(MAGIC_COOKIE)?;
        sink.put(&transaction.0)?;
        Ok(Self { sink })
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) -> Result<(), BufferTooSmall> {
        self.sink.u16(kind)?;
        self.sink
            .u16(u16::try_from(value.len()).map_err(|_| BufferTooSmall)?)?;
        self.sink.put(value)?;
        self.sink.pad_to_word(0)
    }

    fn error_code(&mut self, code: ErrorCode) -> Result<(), BufferTooSmall> {
        let reason = code.reason().as_bytes();
        self.sink.u16(ERROR_CODE)?;
        self.sink
            .u16(u16::try_from(reason.len() + 4).map_err(|_| BufferTooSmall)?)?;
        self.sink.u16(0)?;
        self.sink
            .u16(((code.number() / 100) << 8) | (code.number() % 100))?;
        self.sink.put(reason)?;
        self.sink.pad_to_word(0)
    }

    fn integrity(&mut self, hmac: &dyn HmacSha1) -> Result<(), BufferTooSmall> {
        self.set_length(24)?;
        let code = hmac.sign(&[self.sink.written()]);
        self.attribute(MESSAGE_INTEGRITY, &code)
    }

    fn finish(mut self) -> Result<usize, BufferTooSmall> {
        self.set_length(8)?;
        let crc = crc32::of(self.sink.written()) ^ FINGERPRINT_XOR;
        self.attribute(FINGERPRINT, &crc.to_be_bytes())?;
        Ok(self.sink.len())
    }

    /// The header counts the attribute that is about to be written (RFC 8489 §14.5, §14.7).
    fn set_length(&mut self, upcoming: usize) -> Result<(), BufferTooSmall> {
        let length =
            u16::try_from(self.sink.len() - HEADER_LEN + upcoming).map_err(|_| BufferTooSmall)?;
        self.sink.patch_u16(2, length);
        Ok(())
    }
}
