//! From what DTLS exports to session keys (RFC 5764 §4.2, RFC 3711 §4.3, RFC 7714 §11).

use std::fmt;

use super::Profile;

const RTP_ENCRYPTION: u8 = 0;
const RTP_AUTHENTICATION: u8 = 1;
const RTP_SALT: u8 = 2;
const RTCP_ENCRYPTION: u8 = 3;
const RTCP_AUTHENTICATION: u8 = 4;
const RTCP_SALT: u8 = 5;

/// One AES block operation under the master key, which the implementor holds (AES-256 for [`Profile::AeadAes256Gcm`]).
pub trait AesEcb {
    /// Encrypts *block* in place.
    fn encrypt_block(&self, block: &mut [u8; 16]);
}

/// The master key and salt of one direction.
#[derive(Clone, Copy)]
pub struct MasterKey<'a> {
    pub key: &'a [u8],
    pub salt: &'a [u8],
}

/// What DTLS exports under `EXTRACTOR-dtls_srtp`, cut into both directions.
#[derive(Clone, Copy)]
pub struct KeyingMaterial<'a> {
    /// What the DTLS client sends under.
    pub client: MasterKey<'a>,
    /// What the DTLS server sends under.
    pub server: MasterKey<'a>,
}

impl<'a> KeyingMaterial<'a> {
    /// Cuts *exported*; None unless it has exactly [`Profile::keying_material_len`] bytes.
    pub fn split(profile: Profile, exported: &'a [u8]) -> Option<Self> {
        if exported.len() != profile.keying_material_len() {
            return None;
        }
        let (client_key, rest) = exported.split_at_checked(profile.key_len())?;
        let (server_key, rest) = rest.split_at_checked(profile.key_len())?;
        let (client_salt, server_salt) = rest.split_at_checked(profile.salt_len())?;
        Some(Self {
            client: MasterKey {
                key: client_key,
                salt: client_salt,
            },
            server: MasterKey {
                key: server_key,
                salt: server_salt,
            },
        })
    }
}

/// The session keys of one direction.
#[derive(Clone)]
pub struct SessionKeys {
    pub rtp: StreamKeys,
    pub rtcp: StreamKeys,
}

/// Encryption key, salt and authentication key for RTP or for RTCP.
#[derive(Clone)]
pub struct StreamKeys {
    profile: Profile,
    key: [u8; 32],
    salt: [u8; 14],
    auth: [u8; 20],
}

impl StreamKeys {
    /// 16 or 32 bytes.
    pub fn key(&self) -> &[u8] {
        self.key.get(..self.profile.key_len()).unwrap_or_default()
    }

    /// 12 bytes, or 14 for AES-CM.
    pub fn salt(&self) -> &[u8] {
        self.salt.get(..self.profile.salt_len()).unwrap_or_default()
    }

    /// The salt of a GCM profile.
    pub fn gcm_salt(&self) -> [u8; 12] {
        self.salt.first_chunk().copied().unwrap_or_default()
    }

    /// The salt of AES-CM.
    pub fn cm_salt(&self) -> [u8; 14] {
        self.salt
    }

    /// 20 bytes for AES-CM, none for GCM.
    pub fn auth(&self) -> &[u8] {
        self.auth
            .get(..self.profile.auth_key_len())
            .unwrap_or_default()
    }
}

impl fmt::Debug for MasterKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl fmt::Debug for KeyingMaterial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyingMaterial(..)")
    }
}

impl fmt::Debug for StreamKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamKeys({:?}, ..)", self.profile)
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKeys({:?}, ..)", self.rtp.profile)
    }
}

/// Derives session keys with AES-CM as the pseudo-random function and a key derivation rate of zero.
///
/// *cipher* holds the master key; a 96-bit salt is taken as its first 96 of 112 bits (RFC 7714 §11).
pub fn derive(profile: Profile, cipher: &dyn AesEcb, master_salt: &[u8]) -> SessionKeys {
    let stream = |encryption, authentication, salting| {
        let mut keys = StreamKeys {
            profile,
            key: [0; 32],
            salt: [0; 14],
            auth: [0; 20],
        };
        expand(
            cipher,
            master_salt,
            encryption,
            keys.key.get_mut(..profile.key_len()).unwrap_or_default(),
        );
        expand(
            cipher,
            master_salt,
            authentication,
            keys.auth
                .get_mut(..profile.auth_key_len())
                .unwrap_or_default(),
        );
        expand(
            cipher,
            master_salt,
            salting,
            keys.salt.get_mut(..profile.salt_len()).unwrap_or_default(),
        );
        keys
    };
    SessionKeys {
        rtp: stream(RTP_ENCRYPTION, RTP_AUTHENTICATION, RTP_SALT),
        rtcp: stream(RTCP_ENCRYPTION, RTCP_AUTHENTICATION, RTCP_SALT),
    }
}

/// Fills *out* with the key stream of counter mode from `(label || 0) XOR salt` on.
fn expand(cipher: &dyn AesEcb, master_salt: &[u8], label: u8, out: &mut [u8]) {
    let mut start = [0u8; 16];
    start
        .iter_mut()
        .take(14)
        .zip(master_salt)
        .for_each(|(to, from)| *to = *from);
    start[7] ^= label;
    for (counter, chunk) in (0u16..).zip(out.chunks_mut(16)) {
        let mut block = start;
        [block[14], block[15]] = counter.to_be_bytes();
        cipher.encrypt_block(&mut block);
        chunk
            .iter_mut()
            .zip(block)
            .for_each(|(to, from)| *to = from);
    }
}
