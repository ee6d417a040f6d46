//! SRTP and SRTCP (RFC 3711, RFC 7714): one context per direction of a peer.
//!
//! Rule 1: an index is used for sealing once; who chooses it says so where it is chosen ([`crate::timeline`] for RTP,
//! [`Outbound::seal_rtcp`] itself for RTCP).
//! Rule 2: nothing about a received packet is believed before it is authenticated; the replay window moves after that.

use arengo_wire::srtp::{
    KeyingMaterial, MasterKey, Profile, ReplayWindow, SrtcpLayout, StreamKeys, cm_rtcp_iv,
    cm_rtp_iv, derive, gcm_rtcp_nonce, gcm_rtp_nonce, srtcp_trailer,
};

use crate::crypto::{AesBlocks, CipherError, CmSha1, Gcm, LONGEST_TAG, PacketCipher, SrtpCipher};

/// Bytes that [`Outbound::seal_rtp`] adds at most.
pub const SRTP_OVERHEAD: usize = LONGEST_TAG;
/// Bytes that [`Outbound::seal_rtcp`] adds at most.
pub const SRTCP_OVERHEAD: usize = LONGEST_TAG + 4;

/// SSRCs from which one peer may report: its microphone's and its receiving lines'.
const RTCP_SOURCES: usize = 8;
/// The fixed part of an RTCP packet, which stays readable.
const RTCP_HEADER: usize = 8;

/// What seals and what opens, from one handshake.
pub struct SrtpContexts {
    /// Seals what this end sends.
    pub outbound: Outbound,
    /// Opens what the other end sends.
    pub inbound: Inbound,
}

impl SrtpContexts {
    /// The contexts of the DTLS server from *exported* keying material.
    pub fn of_server(profile: Profile, exported: &[u8]) -> Result<Self, CipherError> {
        let keys = KeyingMaterial::split(profile, exported).ok_or(CipherError)?;
        Self::new(profile, &keys.server, &keys.client)
    }

    /// The contexts of the DTLS client from *exported* keying material.
    pub fn of_client(profile: Profile, exported: &[u8]) -> Result<Self, CipherError> {
        let keys = KeyingMaterial::split(profile, exported).ok_or(CipherError)?;
        Self::new(profile, &keys.client, &keys.server)
    }

    fn new(
        profile: Profile,
        own: &MasterKey<'_>,
        theirs: &MasterKey<'_>,
    ) -> Result<Self, CipherError> {
        let keys = derive(profile, &AesBlocks::new(own.key)?, own.salt);
        let outbound = Outbound {
            rtp: Session::new(profile, &keys.rtp)?,
            unsettled: Some(Box::new(SleepingSession::new(profile, keys.rtp))),
            rtcp: Box::new(SleepingSession::new(profile, keys.rtcp)),
            rtcp_index: 0,
        };
        let keys = derive(profile, &AesBlocks::new(theirs.key)?, theirs.salt);
        let inbound = Inbound {
            rtp: InboundRtp::Sleeping(Box::new(SleepingSession::new(profile, keys.rtp))),
            rtcp: Box::new(SleepingSession::new(profile, keys.rtcp)),
            rtp_window: ReplayWindow::new(),
            rtcp_windows: Vec::new(),
        };
        Ok(Self { outbound, inbound })
    }
}

/// A session that is seldom used, as its keys alone: an expanded AES-GCM key takes ten times their room.
struct SleepingSession {
    profile: Profile,
    keys: StreamKeys,
}

impl SleepingSession {
    const fn new(profile: Profile, keys: StreamKeys) -> Self {
        Self { profile, keys }
    }

    fn wake(&self) -> Result<Session, CipherError> {
        Session::new(self.profile, &self.keys)
    }
}

/// What opens RTP: most peers never send any.
enum InboundRtp {
    Sleeping(Box<SleepingSession>),
    Awake(Session),
}

impl InboundRtp {
    fn session(&mut self) -> Result<&Session, CipherError> {
        if let Self::Sleeping(sleeping) = self {
            *self = Self::Awake(sleeping.wake()?);
        }
        match self {
            Self::Awake(session) => Ok(session),
            Self::Sleeping(_) => Err(CipherError),
        }
    }
}

/// A session key of one direction and one protocol.
struct Session {
    profile: Profile,
    cipher: SrtpCipher,
    salt: [u8; 14],
}

impl Session {
    fn new(profile: Profile, keys: &StreamKeys) -> Result<Self, CipherError> {
        let cipher = if profile.is_aead() {
            SrtpCipher::Gcm(Gcm::new(keys.key())?)
        } else {
            SrtpCipher::CmSha1(Box::new(CmSha1::new(keys.key(), keys.auth())?))
        };
        Ok(Self {
            profile,
            cipher,
            salt: keys.cm_salt(),
        })
    }

    #[inline]
    fn gcm_salt(&self) -> [u8; 12] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, _, _] = self.salt;
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    #[inline]
    fn rtp_iv(&self, ssrc: u32, index: u64) -> [u8; 16] {
        match self.cipher {
            SrtpCipher::Gcm(_) => widen(gcm_rtp_nonce(&self.gcm_salt(), ssrc, index)),
            SrtpCipher::CmSha1(_) => cm_rtp_iv(&self.salt, ssrc, index),
        }
    }

    fn rtcp_iv(&self, ssrc: u32, index: u32) -> [u8; 16] {
        match self.cipher {
            SrtpCipher::Gcm(_) => widen(gcm_rtcp_nonce(&self.gcm_salt(), ssrc, index)),
            SrtpCipher::CmSha1(_) => cm_rtcp_iv(&self.salt, ssrc, index),
        }
    }

    /// What is authenticated before and after the sealed part of an SRTCP packet.
    fn rtcp_cover(&self, header: [u8; RTCP_HEADER], trailer: [u8; 4]) -> ([u8; 12], usize) {
        let [a, b, c, d, e, f, g, h] = header;
        let [i, j, k, l] = trailer;
        let covered = if self.profile.is_aead() {
            12
        } else {
            RTCP_HEADER
        };
        ([a, b, c, d, e, f, g, h, i, j, k, l], covered)
    }
}

#[inline]
fn widen(nonce: [u8; 12]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = nonce;
    [a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 0]
}

/// What seals packets for one peer.
pub struct Outbound {
    rtp: Session,
    /// Until it is settled.
    unsettled: Option<Box<SleepingSession>>,
    rtcp: Box<SleepingSession>,
    rtcp_index: u32,
}

impl Outbound {
    /// Expand the key anew, in the memory of the thread that seals from now on.
    ///
    /// Keys that are used one after the other lie near one another then, and not each where a handshake left room for
    /// it: fan-out waits for memory less.
    pub fn settle(&mut self) {
        if let Some(session) = self.unsettled.take().and_then(|keys| keys.wake().ok()) {
            self.rtp = session;
        }
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
        let total = plain.len() + self.rtp.cipher.tag_len();
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
        self.rtp
            .cipher
            .seal(&iv, header, payload, sealed, &roc_bytes(index), tag)?;
        Ok(total)
    }

    /// Seal the compound RTCP packet *plain* into *out* under the next index; how many bytes it takes.
    pub fn seal_rtcp(&mut self, plain: &[u8], out: &mut [u8]) -> Result<usize, CipherError> {
        let header: [u8; RTCP_HEADER] = *plain.first_chunk().ok_or(CipherError)?;
        let index = self.rtcp_index;
        self.rtcp_index = (index + 1) & arengo_wire::srtp::MAX_SRTCP_INDEX;
        let session = self.rtcp.wake()?;
        let layout =
            SrtcpLayout::for_plain(session.profile, plain.len(), index).ok_or(CipherError)?;
        let trailer = srtcp_trailer(true, index);
        let (cover, covered) = session.rtcp_cover(header, trailer);
        let iv = session.rtcp_iv(ssrc_of(header), index);
        let mut tag = [0; LONGEST_TAG];
        let tag = tag.get_mut(..layout.tag.len()).ok_or(CipherError)?;
        let payload = plain.get(layout.sealed.clone()).ok_or(CipherError)?;
        session.cipher.seal(
            &iv,
            cover.get(..covered).unwrap_or_default(),
            payload,
            out.get_mut(layout.sealed.clone()).ok_or(CipherError)?,
            &trailer,
            tag,
        )?;
        out.get_mut(..RTCP_HEADER)
            .ok_or(CipherError)?
            .copy_from_slice(&header);
        out.get_mut(layout.tag.clone())
            .ok_or(CipherError)?
            .copy_from_slice(tag);
        out.get_mut(layout.trailer.clone())
            .ok_or(CipherError)?
            .copy_from_slice(&trailer);
        Ok(layout.packet_len())
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

/// What opens packets of one peer; it knows one RTP stream.
pub struct Inbound {
    rtp: InboundRtp,
    rtcp: Box<SleepingSession>,
    rtp_window: ReplayWindow,
    /// An SRTCP index belongs to an SSRC; browsers report from several, at most [`RTCP_SOURCES`] count.
    rtcp_windows: Vec<(u32, ReplayWindow)>,
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
    /// Open *packet* in place; *header_len* covers CSRCs and extensions.
    pub fn open_rtp(
        &mut self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        sequence: u16,
    ) -> Result<OpenedRtp, OpenError> {
        let index = self.rtp_window.estimate(sequence);
        self.rtp_window
            .check(index)
            .map_err(|_| OpenError::Replayed)?;
        let session = self.rtp.session().map_err(|_| OpenError::Forged)?;
        let len = packet
            .len()
            .checked_sub(session.cipher.tag_len())
            .ok_or(OpenError::Forged)?;
        let (body, tag) = packet.split_at_mut_checked(len).ok_or(OpenError::Forged)?;
        let (header, sealed) = body
            .split_at_mut_checked(header_len)
            .ok_or(OpenError::Forged)?;
        let iv = session.rtp_iv(ssrc, index);
        session
            .cipher
            .open(&iv, header, sealed, &roc_bytes(index), tag)
            .map_err(|_| OpenError::Forged)?;
        self.rtp_window.accept(index);
        Ok(OpenedRtp { index, len })
    }

    /// Open the SRTCP *packet* in place; the length of the plain compound packet.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, OpenError> {
        let layout = SrtcpLayout::parse(self.rtcp.profile, packet).ok_or(OpenError::Forged)?;
        if !layout.encrypted {
            return Err(OpenError::Forged); // every profile in use encrypts
        }
        let index = u64::from(layout.index);
        let mut window = self.rtcp_window(layout.ssrc).ok_or(OpenError::Forged)?;
        window.check(index).map_err(|_| OpenError::Replayed)?;
        let header: [u8; RTCP_HEADER] = *packet.first_chunk().ok_or(OpenError::Forged)?;
        let trailer = srtcp_trailer(true, layout.index);
        let session = self.rtcp.wake().map_err(|_| OpenError::Forged)?;
        let (cover, covered) = session.rtcp_cover(header, trailer);
        let mut tag = [0; LONGEST_TAG];
        let tag = tag.get_mut(..layout.tag.len()).ok_or(OpenError::Forged)?;
        tag.copy_from_slice(packet.get(layout.tag.clone()).ok_or(OpenError::Forged)?);
        let iv = session.rtcp_iv(layout.ssrc, layout.index);
        session
            .cipher
            .open(
                &iv,
                cover.get(..covered).unwrap_or_default(),
                packet
                    .get_mut(layout.sealed.clone())
                    .ok_or(OpenError::Forged)?,
                &trailer,
                tag,
            )
            .map_err(|_| OpenError::Forged)?;
        window.accept(index);
        self.note_rtcp(layout.ssrc, window);
        Ok(layout.sealed.end)
    }

    /// What is known of *ssrc*'s SRTCP; None when there are too many others.
    fn rtcp_window(&self, ssrc: u32) -> Option<ReplayWindow> {
        let known = self.rtcp_windows.iter().find(|(source, _)| *source == ssrc);
        let has_room = self.rtcp_windows.len() < RTCP_SOURCES;
        known
            .map(|(_, window)| *window)
            .or(has_room.then(ReplayWindow::new))
    }

    fn note_rtcp(&mut self, ssrc: u32, window: ReplayWindow) {
        let known = self
            .rtcp_windows
            .iter_mut()
            .find(|(source, _)| *source == ssrc);
        match known {
            Some((_, place)) => *place = window,
            None => {
                self.rtcp_windows.reserve_exact(1);
                self.rtcp_windows.push((ssrc, window));
            }
        }
    }
}

fn roc_bytes(index: u64) -> [u8; 4] {
    let [_, _, a, b, c, d, _, _] = index.to_be_bytes();
    [a, b, c, d]
}

fn ssrc_of(header: [u8; RTCP_HEADER]) -> u32 {
    let [_, _, _, _, a, b, c, d] = header;
    u32::from_be_bytes([a, b, c, d])
}
