//! The self-signed certificate that a client shows in DTLS.

use std::sync::OnceLock;

use dimpl::DtlsCertificate;

/// An ECDSA P-256 certificate with its key, self-signed, and its fingerprint.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(crate) certificate: DtlsCertificate,
    fingerprint: String,
}

impl Identity {
    /// A fresh one.
    pub fn generate() -> Result<Identity, std::io::Error> {
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        let fingerprint = certificate.fingerprint_str();
        Ok(Identity {
            certificate,
            fingerprint,
        })
    }

    /// The one that all clients of this process share.
    pub fn shared() -> Result<&'static Identity, std::io::Error> {
        static SHARED: OnceLock<Identity> = OnceLock::new();
        if let Some(identity) = SHARED.get() {
            return Ok(identity);
        }
        let made = Identity::generate()?;
        Ok(SHARED.get_or_init(|| made))
    }

    /// SHA-256 of the certificate, in the form of `a=fingerprint` (RFC 8122): pairs of hex digits between colons.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}
