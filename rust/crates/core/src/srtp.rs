//! SRTP and SRTCP (RFC 3711, RFC 7714): one context per direction of a peer.
//!
//! Rule 1: an index is used for sealing once; who chooses it says so where it is chosen ([`crate::lending`] for RTP,
//! [`Outbound::seal_rtcp`] itself for RTCP).
//! Rule 2: nothing about a received packet is believed before it is authenticated; the replay window moves after that.

use crate::crypto::{CipherError, CmSha1, Gcm, LONGEST_TAG, PacketCipher, SrtpCipher, keystream};

/// A DTLS-SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpProfile {
    /// AEAD_AES_128_GCM.
    AeadAes128Gcm,
    /// AEAD_AES_256_GCM.
    AeadAes256Gcm,
    /// SRTP_AES128_CM_HMAC_SHA1_80.
    Aes128CmSha1_80,
}

impl SrtpProfile {
    const fn key_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::Aes128CmSha1_80 => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    const fn salt_len(self) -> usize {
        match self {
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
            Self::Aes128CmSha1_80 => 14,
        }
    }
}

/// A master key and salt of one direction.
#[derive(Clone)]
pub struct MasterKey {
    key: [u8; 32],
    salt: [u8; 14],
}

/// The master keys of both directions, as the DTLS server sees them.
#[derive(Clone)]
pub struct SrtpKeys {
    /// How packets are protected.
    pub profile: SrtpProfile,
    /// What the DTLS client seals with.
    pub client: MasterKey,
    /// What the DTLS server seals with.
    pub server: MasterKey,
}

impl SrtpKeys {
    /// Split exported keying material: client key, server key, client salt, server salt (RFC 5764 §4.2).
    #[must_use]
    pub fn split(profile: SrtpProfile, material: &[u8]) -> Option<Self> {
        let (keys, salts) = material.split_at_checked(profile.key_len() * 2)?;
        let (client_key, server_key) = keys.split_at_checked(profile.key_len())?;
        let (client_salt, rest) = salts.split_at_checked(profile.salt_len())?;
        let server_salt = rest.get(..profile.salt_len())?;
        Some(Self {
            profile,
            client: MasterKey::new(client_key, client_salt)?,
            server: MasterKey::new(server_key, server_salt)?,
        })
    }
}

impl MasterKey {
    fn new(key: &[u8], salt: &[u8]) -> Option<Self> {
        let mut master = Self {
            key: [0; 32],
            salt: [0; 14],
        };
        master.key.get_mut(..key.len())?.copy_from_slice(key);
        master.salt.get_mut(..salt.len())?.copy_from_slice(salt);
        Some(master)
    }

    /// The master key itself.
    #[must_use]
    pub fn key(&self, profile: SrtpProfile) -> &[u8] {
        self.key.get(..profile.key_len()).unwrap_or_default()
    }

    /// A session key of *out.len()* bytes (RFC 3711 §4.3.1, key derivation rate 0).
    fn derive(&self, profile: SrtpProfile, label: u8, out: &mut [u8]) -> Result<(), CipherError> {
        let mut iv = [0; 16];
        for (to, from) in iv.iter_mut().zip(self.salt) {
            *to = from;
        }
        iv[7] ^= label;
        keystream(self.key(profile), &iv, out)
    }

    fn session(&self, profile: SrtpProfile, label: u8) -> Result<Session, CipherError> {
        let mut key = [0; 32];
        let key = key.get_mut(..profile.key_len()).ok_or(CipherError)?;
        self.derive(profile, label, key)?;
        let mut salt = [0; 16];
        self.derive(
            profile,
            label + 2,
            salt.get_mut(..profile.salt_len()).ok_or(CipherError)?,
        )?;
        let cipher = match profile {
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => {
                SrtpCipher::Gcm(Gcm::new(key)?)
            }
            SrtpProfile::Aes128CmSha1_80 => {
                let mut auth = [0; 20];
                self.derive(profile, label + 1, &mut auth)?;
                SrtpCipher::CmSha1(Box::new(CmSha1::new(key, &auth)?))
            }
        };
        Ok(Session { cipher, salt })
    }
}

/// Labels of the key derivation (RFC 3711 §4.3.2); authentication and salt follow at +1 and +2.
const LABEL_RTP: u8 = 0;
const LABEL_RTCP: u8 = 3;

/// A session key in one direction of one protocol.
struct Session {
    cipher: SrtpCipher,
    salt: [u8; 16],
}

impl Session {
    /// The initialisation vector of an RTP packet.
    #[inline]
    fn rtp_iv(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut iv = self.salt;
        let [s0, s1, s2, s3] = ssrc.to_be_bytes();
        let [_, _, i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
        let mixed = match self.cipher {
            SrtpCipher::Gcm(_) => [0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, 0, 0, 0, 0],
            SrtpCipher::CmSha1(_) => [0, 0, 0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5, 0, 0],
        };
        for (to, from) in iv.iter_mut().zip(mixed) {
            *to ^= from;
        }
        iv
    }

    /// The initialisation vector of an RTCP packet.
    fn rtcp_iv(&self, ssrc: u32, index: u32) -> [u8; 16] {
        // RFC 7714 §9.1 and RFC 3711 §4.1.1 both read as an RTP packet whose 48-bit index is the SRTCP index.
        self.rtp_iv(ssrc, u64::from(index))
    }
}

/// What seals packets for one peer.
pub struct Outbound {
    rtp: Session,
    rtcp: Session,
    rtcp_index: u32,
}

/// Set in the trailing word of an encrypted SRTCP packet.
const SRTCP_ENCRYPTED: u32 = 0x8000_0000;
const SRTCP_HEADER: usize = 8;
/// Bytes that [`Outbound::seal_rtcp`] adds at most.
pub const SRTCP_OVERHEAD: usize = 4 + LONGEST_TAG;
/// Bytes that [`Outbound::seal_rtp`] adds at most.
pub const SRTP_OVERHEAD: usize = LONGEST_TAG;

impl Outbound {
    /// The context that seals with *master*.
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Result<Self, CipherError> {
        Ok(Self {
            rtp: master.session(profile, LABEL_RTP)?,
            rtcp: master.session(profile, LABEL_RTCP)?,
            rtcp_index: 0,
        })
    }

    /// Seal the RTP packet *plain*, whose header is *header_len* long, under *index* (ROC and sequence number) into *out*.
    ///
    /// The sequence number in the sealed packet is that of *index*. Returns how many bytes of *out* it takes.
    #[inline]
    pub fn seal_rtp(
        &self,
        plain: &[u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
        out: &mut [u8],
    ) -> Result<usize, CipherError> {
        let tag_len = self.rtp.cipher.tag_len();
        let total = plain.len() + tag_len;
        let (plain_header, payload) = plain.split_at_checked(header_len).ok_or(CipherError)?;
        let out = out.get_mut(..total).ok_or(CipherError)?;
        let (header, rest) = out.split_at_mut_checked(header_len).ok_or(CipherError)?;
        let (sealed, tag) = rest
            .split_at_mut_checked(payload.len())
            .ok_or(CipherError)?;
        header.copy_from_slice(plain_header);
        let [.., seq_high, seq_low] = index.to_be_bytes();
        if let [_, _, high, low, ..] = header {
            *high = seq_high;
            *low = seq_low;
        }
        let iv = self.rtp.rtp_iv(ssrc, index);
        let roc = roc_bytes(index);
        self.rtp
            .cipher
            .seal(&iv, header, payload, sealed, &roc, tag)?;
        Ok(total)
    }

    /// Seal the compound RTCP packet *plain* into *out* under the next index; how many bytes it takes.
    pub fn seal_rtcp(&mut self, plain: &[u8], out: &mut [u8]) -> Result<usize, CipherError> {
        let ssrc = ssrc_of_rtcp(plain).ok_or(CipherError)?;
        let index = self.rtcp_index;
        self.rtcp_index = (index + 1) & !SRTCP_ENCRYPTED;
        let word = (index | SRTCP_ENCRYPTED).to_be_bytes();
        let iv = self.rtcp.rtcp_iv(ssrc, index);
        let tag_len = self.rtcp.cipher.tag_len();
        let total = plain.len() + tag_len + word.len();
        let (plain_header, payload) = plain.split_at_checked(SRTCP_HEADER).ok_or(CipherError)?;
        let out = out.get_mut(..total).ok_or(CipherError)?;
        let (header, rest) = out.split_at_mut_checked(SRTCP_HEADER).ok_or(CipherError)?;
        let (sealed, rest) = rest
            .split_at_mut_checked(payload.len())
            .ok_or(CipherError)?;
        header.copy_from_slice(plain_header);
        match &self.rtcp.cipher {
            SrtpCipher::Gcm(cipher) => {
                // RFC 7714 §9.2: the tag, then the index; both header and index are associated data.
                let (tag, trailing) = rest.split_at_mut_checked(tag_len).ok_or(CipherError)?;
                trailing.copy_from_slice(&word);
                cipher.seal(&iv, &aad_of_rtcp(header, word), payload, sealed, &[], tag)?;
            }
            SrtpCipher::CmSha1(cipher) => {
                // RFC 3711 §3.4: the index, then the tag over everything before it.
                let (trailing, tag) = rest.split_at_mut_checked(word.len()).ok_or(CipherError)?;
                trailing.copy_from_slice(&word);
                cipher.seal(&iv, header, payload, sealed, &word, tag)?;
            }
        }
        Ok(total)
    }
}

/// Why a received packet was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Too short to be one, or the tag is wrong.
    Forged,
    /// Seen before, or too old to know.
    Replayed,
}

/// What opens packets of one peer.
pub struct Inbound {
    rtp: Session,
    rtcp: Session,
    rtp_window: ReplayWindow,
    rtcp_window: ReplayWindow,
}

/// An opened RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedRtp {
    /// ROC and sequence number.
    pub index: u64,
    /// Length of header and payload; what follows in the buffer is the tag.
    pub len: usize,
}

impl Inbound {
    /// The context that opens what was sealed with *master*; it knows one RTP stream.
    pub fn new(profile: SrtpProfile, master: &MasterKey) -> Result<Self, CipherError> {
        Ok(Self {
            rtp: master.session(profile, LABEL_RTP)?,
            rtcp: master.session(profile, LABEL_RTCP)?,
            rtp_window: ReplayWindow::default(),
            rtcp_window: ReplayWindow::default(),
        })
    }

    /// Open *packet* in place; *header_len* covers CSRCs and extensions.
    pub fn open_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        sequence: u16,
    ) -> Result<OpenedRtp, OpenError> {
        let index = self.rtp_window.guess(sequence);
        if self.rtp_window.has_seen(index) {
            return Err(OpenError::Replayed);
        }
        let len = packet
            .len()
            .checked_sub(self.rtp.cipher.tag_len())
            .ok_or(OpenError::Forged)?;
        let (body, tag) = packet.split_at_mut_checked(len).ok_or(OpenError::Forged)?;
        let (header, sealed) = body
            .split_at_mut_checked(header_len)
            .ok_or(OpenError::Forged)?;
        let iv = self.rtp.rtp_iv(ssrc, index);
        self.rtp
            .cipher
            .open(&iv, header, sealed, &roc_bytes(index), tag)
            .map_err(|_| OpenError::Forged)?;
        self.rtp_window.note(index);
        Ok(OpenedRtp { index, len })
    }

    /// Open the SRTCP *packet* in place; the length of the plain compound packet.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, OpenError> {
        let ssrc = ssrc_of_rtcp(packet).ok_or(OpenError::Forged)?;
        let tag_len = self.rtcp.cipher.tag_len();
        let len = packet
            .len()
            .checked_sub(tag_len + 4)
            .ok_or(OpenError::Forged)?;
        let (body, trailing) = packet.split_at_mut_checked(len).ok_or(OpenError::Forged)?;
        let (header, sealed) = body
            .split_at_mut_checked(SRTCP_HEADER)
            .ok_or(OpenError::Forged)?;
        let word_at = match self.rtcp.cipher {
            SrtpCipher::Gcm(_) => tag_len,
            SrtpCipher::CmSha1(_) => 0,
        };
        let word = trailing
            .get(word_at..)
            .and_then(<[u8]>::first_chunk::<4>)
            .copied();
        let word = word.ok_or(OpenError::Forged)?;
        let number = u32::from_be_bytes(word);
        let index = number & !SRTCP_ENCRYPTED;
        if number & SRTCP_ENCRYPTED == 0 {
            return Err(OpenError::Forged); // every profile in use encrypts
        }
        if self.rtcp_window.has_seen(u64::from(index)) {
            return Err(OpenError::Replayed);
        }
        let iv = self.rtcp.rtcp_iv(ssrc, index);
        match &self.rtcp.cipher {
            SrtpCipher::Gcm(cipher) => {
                let tag = trailing.get(..tag_len).ok_or(OpenError::Forged)?;
                cipher.open(&iv, &aad_of_rtcp(header, word), sealed, &[], tag)
            }
            SrtpCipher::CmSha1(cipher) => {
                let tag = trailing.get(4..).ok_or(OpenError::Forged)?;
                cipher.open(&iv, header, sealed, &word, tag)
            }
        }
        .map_err(|_| OpenError::Forged)?;
        self.rtcp_window.note(u64::from(index));
        Ok(len)
    }
}

fn roc_bytes(index: u64) -> [u8; 4] {
    let [_, _, a, b, c, d, _, _] = index.to_be_bytes();
    [a, b, c, d]
}

fn ssrc_of_rtcp(packet: &[u8]) -> Option<u32> {
    packet
        .get(4..8)
        .and_then(<[u8]>::first_chunk::<4>)
        .map(|ssrc| u32::from_be_bytes(*ssrc))
}

fn aad_of_rtcp(header: &[u8], word: [u8; 4]) -> [u8; SRTCP_HEADER + 4] {
    let mut aad = [0; SRTCP_HEADER + 4];
    for (to, from) in aad.iter_mut().zip(header.iter().chain(&word)) {
        *to = *from;
    }
    aad
}

/// Which of the last 128 indices have been received (RFC 3711 §3.3.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayWindow {
    /// One more than the highest index received; 0 before the first.
    next: u64,
    /// Bit *n* stands for the index `next - 1 - n`.
    seen: u128,
}

impl ReplayWindow {
    /// The index that *sequence* most likely means (RFC 3711 §3.3.1, appendix A).
    #[must_use]
    pub fn guess(&self, sequence: u16) -> u64 {
        let Some(highest) = self.next.checked_sub(1) else {
            return u64::from(sequence); // the first packet has a ROC of 0
        };
        let roc = highest >> 16;
        let last = (highest & 0xffff) as i64;
        let distance = i64::from(sequence) - last;
        let roc = if distance < -0x8000 {
            roc + 1
        } else if distance > 0x8000 {
            roc.saturating_sub(1)
        } else {
            roc
        };
        (roc << 16) | u64::from(sequence)
    }

    /// Whether *index* was received before, or is too old to know.
    #[must_use]
    pub fn has_seen(&self, index: u64) -> bool {
        match (self.next.checked_sub(1)).and_then(|highest| highest.checked_sub(index)) {
            None => false,
            Some(age) if age >= 128 => true,
            Some(age) => self.seen >> age & 1 == 1,
        }
    }

    /// Note that *index* was received and authenticated.
    pub fn note(&mut self, index: u64) {
        if index >= self.next {
            let ahead = index + 1 - self.next;
            self.seen = if ahead >= 128 { 0 } else { self.seen << ahead };
            self.seen |= 1;
            self.next = index + 1;
        } else {
            let age = self.next - 1 - index;
            if age < 128 {
                self.seen |= 1 << age;
            }
        }
    }
}
