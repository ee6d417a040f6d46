"""A certificate authority of one's own, for phones on the same network.

Browsers give a microphone only to https. The authority may only speak for private addresses, `.local` names and this
machine's name (X.509 name constraints), so that trusting it on a phone puts nothing else at risk; its key never leaves
the data directory.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from arengo.adapters.network.addresses import Address

_AUTHORITY_DAYS = 3650
_LEAF_DAYS = 397  # the most that Apple's and Chromium's rules accept without a warning
_RENEW_DAYS = 30
_PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)


@dataclass(frozen=True, slots=True)
class LocalCertificate:
    """What a server needs to speak https, and the certificate that makes phones believe it."""

    certificate: Path
    key: Path
    authority: Path


def local_certificate(directory: Path, addresses: list[Address], now: datetime) -> LocalCertificate:
    """The certificate for this machine's private *addresses* and names; made anew when they changed or it runs out."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = LocalCertificate(directory / "local.crt", directory / "local.key", directory / "ca.crt")
    host = socket.gethostname().lower().partition(".")[0]
    authority_key, authority = _authority(directory, host, now)
    names = _names(host, addresses)
    if made.certificate.exists() and made.key.exists() and _still_fits(made.certificate, authority, names, now):
        return made
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(_name(f"Arengo on {host}"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_LEAF_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(for_authority=False), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(made.key, key)
    _write(made.certificate, leaf.public_bytes(serialization.Encoding.PEM), 0o644)
    return made


def _authority(directory: Path, host: str, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    certificate_path, key_path = directory / "ca.crt", directory / "ca.key"
    if certificate_path.exists() and key_path.exists():
        loaded = serialization.load_pem_private_key(key_path.read_bytes(), None)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        if isinstance(loaded, ec.EllipticCurvePrivateKey) and certificate.not_valid_after_utc > now + timedelta(days=_LEAF_DAYS):
            return loaded, certificate
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Arengo local authority of {host}")
    constraints = x509.NameConstraints(
        permitted_subtrees=[
            x509.DNSName("localhost"),
            x509.DNSName("local"),
            x509.DNSName(host),
            *(x509.IPAddress(ipaddress.ip_network(network)) for network in _PRIVATE),
        ],
        excluded_subtrees=None,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(for_authority=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return key, certificate


def _names(host: str, addresses: list[Address]) -> list[x509.GeneralName]:
    allowed = [ipaddress.ip_network(network) for network in _PRIVATE]
    private = sorted({a for a in addresses if any(a in network for network in allowed)}, key=lambda a: (a.version, int(a)))
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(f"{host}.local"), x509.DNSName(host)]
    return names + [x509.IPAddress(address) for address in private]


def _still_fits(path: Path, authority: x509.Certificate, names: list[x509.GeneralName], now: datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # whatever does not fit is made anew
        return False
    told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return certificate.not_valid_after_utc > now + timedelta(days=_RENEW_DAYS) and set(told) == set(names)


def _usage(*, for_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=for_authority,
        crl_sign=for_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, pem, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put *content* at *path* whole or not at all, readable for no more than *mode* says at any moment."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def names_of(certificate: x509.Certificate) -> list[str]:
    """The names and addresses that *certificate* is for."""
    try:
        told = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*told.get_values_for_type(x509.DNSName), *map(str, told.get_values_for_type(x509.IPAddress))]
