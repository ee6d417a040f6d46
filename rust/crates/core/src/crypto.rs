//! The ciphers of SRTP and the digests of STUN and DTLS, on AWS-LC.
//!
//! [`PacketCipher`] is the small trait that the media line rests on; the rest of the core never names a library.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{constant_time, digest, hmac};

/// The longest tag of the profiles in use, in bytes.
pub const LONGEST_TAG: usize = 16;

/// A packet could not be sealed or did not prove to be what it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CipherError;

/// Seals and opens packets under one key.
///
/// *iv* is 12 bytes for AES-GCM (RFC 7714 §8.1) and 16 for AES-CM (RFC 3711 §4.1.1), left-aligned in 16;
/// *trailer* is authenticated after the packet and not sent with it: the ROC for AES-CM, nothing for AES-GCM.
pub trait PacketCipher {
    /// Bytes that sealing adds.
    fn tag_len(&self) -> usize;

    /// Encrypt *plain* into *sealed* of the same length and authenticate it together with *header*; the tag goes to *tag*.
    fn seal(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        plain: &[u8],
        sealed: &mut [u8],
        trailer: &[u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError>;

    /// Authenticate, then decrypt *sealed* in place.
    fn open(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        sealed: &mut [u8],
        trailer: &[u8],
        tag: &[u8],
    ) -> Result<(), CipherError>;
}

/// AES-GCM with a tag of 16 bytes (RFC 7714).
pub struct Gcm(LessSafeKey);

impl Gcm {
    /// The cipher of a 16 or 32 byte key.
    pub fn new(key: &[u8]) -> Result<Self, CipherError> {
        let algorithm = if key.len() == 32 {
            &AES_256_GCM
        } else {
            &AES_128_GCM
        };
        UnboundKey::new(algorithm, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_| CipherError)
    }
}

fn gcm_nonce(iv: &[u8; 16]) -> Nonce {
    let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = *iv;
    Nonce::assume_unique_for_key([a, b, c, d, e, f, g, h, i, j, k, l])
}

impl PacketCipher for Gcm {
    #[inline]
    fn tag_len(&self) -> usize {
        16
    }

    #[inline]
    fn seal(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        plain: &[u8],
        sealed: &mut [u8],
        _trailer: &[u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        self.0
            .seal_out_of_place_scatter(gcm_nonce(iv), Aad::from(header), plain, sealed, &[], tag)
            .map_err(|_| CipherError)
    }

    fn open(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        sealed: &mut [u8],
        _trailer: &[u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        self.0
            .open_in_place_separate_tag(gcm_nonce(iv), Aad::from(header), tag, sealed)
            .map(|_| ())
            .map_err(|_| CipherError)
    }
}

/// AES in counter mode with HMAC-SHA1 cut to 10 bytes (RFC 3711).
pub struct CmSha1 {
    encrypting: EncryptingKey,
    signing: hmac::Key,
}

const CM_TAG: usize = 10;

impl CmSha1 {
    /// The cipher of a 16 byte encryption key and a 20 byte authentication key.
    pub fn new(key: &[u8], auth_key: &[u8]) -> Result<Self, CipherError> {
        Ok(Self {
            encrypting: counter_mode(key)?,
            signing: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth_key),
        })
    }

    fn keystream_over(&self, iv: &[u8; 16], bytes: &mut [u8]) -> Result<(), CipherError> {
        self.encrypting
            .less_safe_encrypt(bytes, EncryptionContext::Iv128(FixedLength::from(iv)))
            .map(|_| ())
            .map_err(|_| CipherError)
    }

    fn mac(&self, header: &[u8], sealed: &[u8], trailer: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.signing);
        context.update(header);
        context.update(sealed);
        context.update(trailer);
        context.sign()
    }
}

impl PacketCipher for CmSha1 {
    #[inline]
    fn tag_len(&self) -> usize {
        CM_TAG
    }

    fn seal(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        plain: &[u8],
        sealed: &mut [u8],
        trailer: &[u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        if sealed.len() != plain.len() || tag.len() != CM_TAG {
            return Err(CipherError);
        }
        sealed.copy_from_slice(plain);
        self.keystream_over(iv, sealed)?;
        let mac = self.mac(header, sealed, trailer);
        tag.copy_from_slice(mac.as_ref().get(..CM_TAG).ok_or(CipherError)?);
        Ok(())
    }

    fn open(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        sealed: &mut [u8],
        trailer: &[u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        let mac = self.mac(header, sealed, trailer);
        if !same_bytes(mac.as_ref().get(..CM_TAG).ok_or(CipherError)?, tag) {
            return Err(CipherError);
        }
        self.keystream_over(iv, sealed)
    }
}

/// The cipher of a profile, without a pointer to follow.
pub enum SrtpCipher {
    /// AEAD_AES_128_GCM or AEAD_AES_256_GCM.
    Gcm(Gcm),
    /// AES_CM_128_HMAC_SHA1_80.
    CmSha1(Box<CmSha1>),
}

impl PacketCipher for SrtpCipher {
    #[inline]
    fn tag_len(&self) -> usize {
        match self {
            Self::Gcm(cipher) => cipher.tag_len(),
            Self::CmSha1(cipher) => cipher.tag_len(),
        }
    }

    #[inline]
    fn seal(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        plain: &[u8],
        sealed: &mut [u8],
        trailer: &[u8],
        tag: &mut [u8],
    ) -> Result<(), CipherError> {
        match self {
            Self::Gcm(cipher) => cipher.seal(iv, header, plain, sealed, trailer, tag),
            Self::CmSha1(cipher) => cipher.seal(iv, header, plain, sealed, trailer, tag),
        }
    }

    fn open(
        &self,
        iv: &[u8; 16],
        header: &[u8],
        sealed: &mut [u8],
        trailer: &[u8],
        tag: &[u8],
    ) -> Result<(), CipherError> {
        match self {
            Self::Gcm(cipher) => cipher.open(iv, header, sealed, trailer, tag),
            Self::CmSha1(cipher) => cipher.open(iv, header, sealed, trailer, tag),
        }
    }
}

fn counter_mode(key: &[u8]) -> Result<EncryptingKey, CipherError> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    UnboundCipherKey::new(algorithm, key)
        .and_then(EncryptingKey::ctr)
        .map_err(|_| CipherError)
}

/// AES under one key, a block at a time: what SRTP derives its keys with.
pub struct AesBlocks(EncryptingKey);

impl AesBlocks {
    /// AES-128 for a key of 16 bytes, AES-256 for one of 32.
    pub fn new(key: &[u8]) -> Result<Self, CipherError> {
        let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
        UnboundCipherKey::new(algorithm, key)
            .and_then(EncryptingKey::ecb)
            .map(Self)
            .map_err(|_| CipherError)
    }
}

impl arengo_wire::srtp::AesEcb for AesBlocks {
    fn encrypt_block(&self, block: &mut [u8; 16]) {
        // One whole block in this mode cannot fail; were it to, the keys of both ends would differ and nothing would open.
        let _ = self.0.less_safe_encrypt(block, EncryptionContext::None);
    }
}

/// HMAC-SHA1 under an ICE password: STUN's MESSAGE-INTEGRITY (RFC 8489 §14.5).
pub struct StunIntegrity(hmac::Key);

impl StunIntegrity {
    /// The code under *password*.
    #[must_use]
    pub fn new(password: &str) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            password.as_bytes(),
        ))
    }
}

impl arengo_wire::stun::HmacSha1 for StunIntegrity {
    fn sign(&self, parts: &[&[u8]]) -> [u8; 20] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 20];
        for (to, from) in out.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        out
    }
}

/// SHA-256 of a certificate in DER.
#[must_use]
pub fn fingerprint_of(der: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out
        .iter_mut()
        .zip(digest::digest(&digest::SHA256, der).as_ref())
    {
        *to = *from;
    }
    out
}

/// Whether two byte strings are equal, in time that depends on their length alone.
#[must_use]
pub fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}
