//! The active end of DTLS 1.2 with SRTP keys (RFC 5764), and the check of who the other end is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arengo_core::crypto::{fingerprint_of, same_bytes};
use arengo_wire::srtp::Profile;
use dimpl::{Config, Dtls, Output};

use crate::{Identity, limits};

/// First retransmission of a flight; the path has just answered a check, so that a second would be long.
const FIRST_RETRANSMIT: Duration = Duration::from_millis(250);

/// What the association has to say after input or time.
#[derive(Default)]
pub struct Said {
    /// Datagrams for the server, in order.
    pub datagrams: Vec<Vec<u8>>,
    /// What SRTP keys are made of, once.
    pub exported: Option<Exported>,
    /// The server said `close_notify`.
    pub bye: bool,
}

/// Keying material of both directions, and how packets are protected with it (RFC 5764).
pub struct Exported {
    pub profile: Profile,
    pub material: Vec<u8>,
}

/// The handshake failed, or the certificate is not the answer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed;

/// One end of a DTLS association.
pub struct Association {
    dtls: Dtls,
    expected: [u8; 32],
    is_proved: bool,
    wake: Option<Instant>,
    buffer: Vec<u8>,
}

impl Association {
    /// Begin as the client, accepting only the certificate whose SHA-256 is *expected*.
    pub fn begin(
        identity: &Identity,
        expected: [u8; 32],
        seed: Option<u64>,
        now: Instant,
    ) -> Result<(Association, Said), Failed> {
        let mut config = Config::builder()
            .flight_start_rto(FIRST_RETRANSMIT)
            .flight_retries(6)
            .handshake_timeout(limits::SILENCE);
        if let Some(seed) = seed {
            config = config.dangerously_set_rng_seed(seed);
        }
        let config = Arc::new(config.build().map_err(|_| Failed)?);
        let mut dtls = Dtls::new_12(config, identity.certificate.clone(), now);
        dtls.set_active(true);
        let buffer = vec![0; limits::MOST_DATAGRAM_BYTES];
        let mut association = Association {
            dtls,
            expected,
            is_proved: false,
            wake: None,
            buffer,
        };
        let said = association.wake(now)?;
        Ok((association, said))
    }

    /// Take a datagram of the server's.
    pub fn take(&mut self, datagram: &[u8], now: Instant) -> Result<Said, Failed> {
        self.dtls.handle_timeout(now).map_err(|_| Failed)?;
        self.dtls.handle_packet(datagram).map_err(|_| Failed)?;
        self.listen()
    }

    /// Let time pass: repeat what is due.
    pub fn wake(&mut self, now: Instant) -> Result<Said, Failed> {
        self.dtls.handle_timeout(now).map_err(|_| Failed)?;
        self.listen()
    }

    /// When to [`Association::wake`].
    pub fn next_timeout(&self) -> Option<Instant> {
        self.wake
    }

    /// Say `close_notify`.
    pub fn close(&mut self) -> Said {
        match self.dtls.close() {
            Ok(()) => self.listen().unwrap_or_default(),
            Err(_) => Said::default(),
        }
    }

    fn listen(&mut self) -> Result<Said, Failed> {
        let mut said = Said::default();
        loop {
            match self.dtls.poll_output(&mut self.buffer) {
                Output::Packet(datagram) => said.datagrams.push(datagram.to_vec()),
                Output::Timeout(at) => {
                    self.wake = Some(at);
                    return Ok(said);
                }
                Output::PeerCert(der) => {
                    if !same_bytes(&fingerprint_of(der), &self.expected) {
                        return Err(Failed);
                    }
                    self.is_proved = true;
                }
                Output::KeyingMaterial(material, profile) => {
                    let profile = profile_of(profile)
                        .filter(|_| self.is_proved)
                        .ok_or(Failed)?;
                    said.exported = Some(Exported {
                        profile,
                        material: material.to_vec(),
                    });
                }
                Output::CloseNotify => said.bye = true,
                Output::BufferTooSmall { .. } => return Err(Failed),
                // Application data is no business of a media peer.
                _ => {}
            }
        }
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
