//! The control connection of a client: TLS over TCP, from the address that the voice comes from too.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use socket2::{Domain, Protocol, Socket, Type};

use super::messages::{self, Authenticate, CryptSetup, Said, Told, Version};
use super::ocb2::Crypt;

/// 1.3.4, as a number.
const VERSION: u32 = 0x0001_0304;
/// Everybody inside is told of everybody who comes, so that thousands make it slow.
const PATIENCE: Duration = Duration::from_secs(60);
const BUFFER: usize = 16 << 10;

/// Somebody whom the server let in.
pub struct Admitted {
    pub stream: TcpStream,
    pub crypt: Crypt,
}

/// Come in as *name* from *from*.
pub fn join(
    tls: &Arc<ClientConfig>,
    server: SocketAddrV4,
    from: Ipv4Addr,
    name: &str,
) -> io::Result<Admitted> {
    let stream = connect(server, from)?;
    let host = ServerName::IpAddress((*server.ip()).into());
    let connection = ClientConnection::new(Arc::clone(tls), host).map_err(io::Error::other)?;
    let mut tls = StreamOwned::new(connection, stream);
    let version = Said::Version(Version {
        version: Some(VERSION),
        release: Some("arengo-bench".into()),
    });
    let authenticate = Said::Authenticate(Authenticate {
        username: Some(name.into()),
        opus: Some(true),
    });
    tls.write_all(&messages::frame(&version))?;
    tls.write_all(&messages::frame(&authenticate))?;
    tls.flush()?;
    let crypt = listen(&mut tls)?;
    Ok(Admitted {
        stream: tls.sock,
        crypt,
    })
}

/// Read until the server says that it has told everything.
fn listen(tls: &mut impl Read) -> io::Result<Crypt> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; BUFFER]);
    let mut crypt = None;
    loop {
        let length = tls.read(&mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(buffer.iter().take(length));
        while let Some(told) = messages::take(&mut bytes).map_err(|_| garbled())? {
            match told {
                Told::CryptSetup(setup) => crypt = Some(crypt_of(&setup).ok_or_else(garbled)?),
                Told::Reject(reject) => {
                    let reason = reject.reason.unwrap_or_default();
                    return Err(io::Error::other(format!("refused: {reason}")));
                }
                Told::ServerSync(_) => return crypt.ok_or_else(garbled),
                Told::Other(_) => {}
            }
        }
    }
}

fn crypt_of(setup: &CryptSetup) -> Option<Crypt> {
    let CryptSetup {
        key,
        client_nonce,
        server_nonce,
    } = setup;
    Crypt::new(
        key.as_ref()?,
        client_nonce.as_ref()?,
        server_nonce.as_ref()?,
    )
}

fn garbled() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn connect(server: SocketAddrV4, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddrV4::new(from, 0).into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect_timeout(&server.into(), PATIENCE)?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// Say goodbye by closing the connection.
pub fn leave(stream: &TcpStream) {
    // One that the server has closed is closed.
    let _gone = stream.shutdown(Shutdown::Both);
}

/// TLS that takes any certificate: the server makes its own at its first start, in a network of the bench's own.
pub fn tls() -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
