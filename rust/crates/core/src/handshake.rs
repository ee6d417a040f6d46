//! The DTLS handshake of one peer, behind a trait so that another engine can take its place.
//!
//! An engine does the costly part of joining (a signature and a key exchange), so it never runs inside the
//! router: the shard hands out a [`HandshakeJob`], whoever drives the shard runs it on a thread of its choice
//! and gives the [`HandshakeDone`] back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arengo_wire::srtp::Profile;
use dimpl::{Config, Dtls, DtlsCertificate, Output};

use crate::crypto::{fingerprint_of, same_bytes};
use crate::limits;
use crate::peer::PeerKey;
use crate::srtp::SrtpContexts;
use crate::time::Time;

/// What an engine has to say after input or time.
#[derive(Default)]
pub struct Progress {
    /// Datagrams for the peer, in order.
    pub datagrams: Vec<Vec<u8>>,
    /// Both directions' SRTP keys, once, when the handshake is complete and the fingerprint matched.
    pub keys: Option<SrtpContexts>,
    /// When to run the engine again if nothing arrives.
    pub wake: Option<Time>,
    /// How it ended, if it did.
    pub end: Option<HandshakeEnd>,
}

/// Why an engine is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeEnd {
    /// The peer said `close_notify`.
    Bye,
    /// The handshake failed, timed out, or showed a certificate other than the offer's.
    Failed,
}

/// One end of a DTLS association: passive, DTLS-SRTP (RFC 5764).
pub trait Handshake: Send {
    /// Take one datagram from an address that has passed a connectivity check.
    fn input(&mut self, now: Time, datagram: &[u8], progress: &mut Progress);
    /// Let time pass: retransmit what is due.
    fn wake(&mut self, now: Time, progress: &mut Progress);
    /// Say `close_notify`.
    fn close(&mut self, progress: &mut Progress);
}

/// A certificate with its key, and the settings that all handshakes share.
#[derive(Clone)]
pub struct Identity {
    certificate: DtlsCertificate,
    config: Arc<Config>,
    /// The instant that [`Time::ZERO`] stands for; the engine keeps time in instants.
    epoch: Instant,
}

/// The certificate could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityError;

impl std::fmt::Display for IdentityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the DTLS certificate could not be made")
    }
}

impl std::error::Error for IdentityError {}

impl Identity {
    /// Make a fresh ECDSA P-256 certificate; *epoch* is the instant of [`Time::ZERO`].
    pub fn generate(epoch: Instant) -> Result<Self, IdentityError> {
        let certificate =
            dimpl::certificate::generate_self_signed_certificate().map_err(|_| IdentityError)?;
        let config = Config::builder()
            .use_server_cookie(false) // the connectivity check has proved the address
            .flight_start_rto(limits::DTLS_FIRST_RETRANSMIT)
            .handshake_timeout(limits::DTLS_TIMEOUT)
            .build()
            .map_err(|_| IdentityError)?;
        Ok(Self {
            certificate,
            config: Arc::new(config),
            epoch,
        })
    }

    /// SHA-256 of the certificate, as in `a=fingerprint` (RFC 8122): upper-case pairs with colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        dimpl::certificate::format_fingerprint(&fingerprint_of(&self.certificate.certificate))
    }

    /// A passive engine that accepts only the certificate whose SHA-256 is *expected*.
    #[must_use]
    pub fn handshake(&self, now: Time, expected: [u8; 32]) -> Box<dyn Handshake> {
        let now = self.epoch + now.since_zero();
        Box::new(DimplHandshake {
            dtls: Dtls::new_12(Arc::clone(&self.config), self.certificate.clone(), now),
            epoch: self.epoch,
            expected,
            proved: false,
            over: false,
        })
    }
}

struct DimplHandshake {
    dtls: Dtls,
    epoch: Instant,
    expected: [u8; 32],
    proved: bool,
    over: bool,
}

impl DimplHandshake {
    fn drain(&mut self, progress: &mut Progress) {
        let mut buffer = [0_u8; limits::DTLS_OUTPUT];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => progress.datagrams.push(datagram.to_vec()),
                Output::Timeout(at) => {
                    let after = at.saturating_duration_since(self.epoch);
                    progress.wake = (after < Duration::from_secs(u64::from(u32::MAX)))
                        .then(|| Time::from_duration(after));
                    return;
                }
                Output::PeerCert(der) => {
                    self.proved = same_bytes(&fingerprint_of(der), &self.expected);
                    if !self.proved {
                        return self.fail(progress);
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    if !self.proved {
                        return self.fail(progress);
                    }
                    match profile_of(profile).map(|p| SrtpContexts::of_server(p, &material)) {
                        Some(Ok(keys)) => progress.keys = Some(keys),
                        _ => return self.fail(progress),
                    }
                }
                Output::CloseNotify => {
                    self.over = true;
                    progress.end = Some(HandshakeEnd::Bye);
                }
                Output::BufferTooSmall { .. } => return self.fail(progress),
                // Application data is no business of a media peer.
                _ => {}
            }
        }
    }

    fn fail(&mut self, progress: &mut Progress) {
        self.over = true;
        progress.keys = None;
        progress.wake = None;
        progress.end = Some(HandshakeEnd::Failed);
    }
}

impl Handshake for DimplHandshake {
    fn input(&mut self, now: Time, datagram: &[u8], progress: &mut Progress) {
        if self.over {
            return;
        }
        let now = self.epoch + now.since_zero();
        match self
            .dtls
            .handle_timeout(now)
            .and_then(|()| self.dtls.handle_packet(datagram))
        {
            Ok(()) => self.drain(progress),
            Err(_) => self.fail(progress),
        }
    }

    fn wake(&mut self, now: Time, progress: &mut Progress) {
        if self.over {
            return;
        }
        match self.dtls.handle_timeout(self.epoch + now.since_zero()) {
            Ok(()) => self.drain(progress),
            Err(_) => self.fail(progress),
        }
    }

    fn close(&mut self, progress: &mut Progress) {
        if !self.over && self.dtls.close().is_ok() {
            self.drain(progress);
        }
        self.over = true;
    }
}

fn profile_of(profile: dimpl::SrtpProfile) -> Option<Profile> {
    match profile {
        dimpl::SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        dimpl::SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        dimpl::SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::AesCm128HmacSha1_80),
        _ => None,
    }
}

/// Work for a handshake thread: an engine and what has arrived for it.
pub struct HandshakeJob {
    pub(crate) peer: PeerKey,
    pub(crate) engine: Box<dyn Handshake>,
    pub(crate) datagrams: Vec<Vec<u8>>,
    pub(crate) at: Time,
}

/// A finished [`HandshakeJob`], to be given back to the shard.
pub struct HandshakeDone {
    pub(crate) peer: PeerKey,
    pub(crate) engine: Box<dyn Handshake>,
    pub(crate) progress: Progress,
}

impl HandshakeJob {
    /// Do the work; it may take milliseconds.
    #[must_use]
    pub fn run(mut self) -> HandshakeDone {
        let mut progress = Progress::default();
        self.engine.wake(self.at, &mut progress);
        for datagram in &self.datagrams {
            if progress.end.is_some() {
                break;
            }
            self.engine.input(self.at, datagram, &mut progress);
        }
        HandshakeDone {
            peer: self.peer,
            engine: self.engine,
            progress,
        }
    }
}
