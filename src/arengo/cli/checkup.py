"""The single looks that `arengo doctor` takes; each gives findings and changes nothing."""

from __future__ import annotations

import ctypes
import os
import socket
import ssl
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from arengo.adapters.disk import free_bytes
from arengo.adapters.network.addresses import Address, in_url
from arengo.adapters.tls.local_ca import names_of
from arengo.cli.secrecy import OTHERS, readable_by_others
from arengo.settings import Settings
from arengo.web.config import STATIC

_ROOM_BYTES = 1 << 30
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_CERTIFICATE_DAYS = 14


class Level(IntEnum):
    FINE = 0
    DOUBTFUL = 1
    WRONG = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about the surroundings, and how bad it is."""

    level: Level
    sentence: str

    @classmethod
    def fine(cls, sentence: str) -> Finding:
        return cls(Level.FINE, sentence)

    @classmethod
    def doubtful(cls, sentence: str) -> Finding:
        return cls(Level.DOUBTFUL, sentence)

    @classmethod
    def wrong(cls, sentence: str) -> Finding:
        return cls(Level.WRONG, sentence)


def data_directory(settings: Settings) -> Iterable[Finding]:
    """Whether the data directory can be used, and only its owner gets at what is in it."""
    directory = settings.data_dir
    if not directory.exists():
        above = next(parent for parent in directory.absolute().parents if parent.exists())
        if os.access(above, os.W_OK):
            return [Finding.fine(f"The data directory {directory} will be made.")]
        return [Finding.wrong(f"The data directory {directory} cannot be made in {above}.")]
    if not os.access(directory, os.W_OK | os.X_OK):
        return [Finding.wrong(f"The data directory {directory} cannot be written.")]
    findings = []
    if directory.stat().st_mode & _OTHERS_WRITE:
        findings.append(Finding.wrong(f"Others on this machine can change what is in {directory}; chmod 700 {directory} closes it."))
    elif directory.stat().st_mode & OTHERS:
        findings.append(Finding.doubtful(f"Others on this machine can look into {directory}; chmod 700 {directory} closes it."))
    findings += [
        Finding.wrong(f"Others on this machine can read {path}; chmod go= {path} closes it.") for path in readable_by_others(settings)
    ]
    return findings or [Finding.fine(f"The data directory {directory} is writable and private.")]


def disk(settings: Settings) -> Iterable[Finding]:
    """Whether there is room."""
    free = free_bytes(settings.data_dir)
    told = f"{free / (1 << 30):.1f} GiB are free where the data is."
    return [Finding.fine(told) if free > _ROOM_BYTES else Finding.wrong(told)]


def clock() -> Iterable[Finding]:
    """Whether the kernel believes that its clock is right."""
    now = datetime.now(UTC)
    state = _kernel_clock()
    if state is None:
        return [Finding.fine(f"The clock says {now:%Y-%m-%d %H:%M} UTC.")]
    if state == 5:  # TIME_ERROR
        return [Finding.doubtful(f"The clock says {now:%Y-%m-%d %H:%M} UTC and is not synchronised; times shown to people may be wrong.")]
    return [Finding.fine("The clock is synchronised.")]


def web_app() -> Iterable[Finding]:
    """Whether the built web app is there."""
    if (STATIC / "index.html").is_file():
        return [Finding.fine("The web app is built.")]
    return [Finding.wrong("The web app is not built; `make build` builds it.")]


def ports(settings: Settings, *, running: bool) -> Iterable[Finding]:
    """Whether the ports are free, or ours."""
    wanted = [("TCP", settings.port, settings.bind, "--port"), ("UDP", settings.media_port, None, "--media-port")]
    if settings.media_tcp_port is not None:
        wanted.append(("TCP", settings.media_tcp_port, None, "--media-tcp-port"))
    if settings.tls_local:
        wanted.append(("TCP", settings.tls_port, None, "--tls-port"))
    for kind, port, address, option in wanted:
        free = _is_free(socket.SOCK_STREAM if kind == "TCP" else socket.SOCK_DGRAM, port, address)
        if free and not running:
            yield Finding.fine(f"{kind} port {port} is free.")
        elif free:
            yield Finding.doubtful(f"{kind} port {port} is free although the server runs; it was started with another {option}.")
        elif running:
            yield Finding.fine(f"{kind} port {port} is in use, as it should be while the server runs.")
        else:
            yield Finding.wrong(f"{kind} port {port} is taken by another program; choose another with {option}.")


def certificate(settings: Settings) -> Iterable[Finding]:
    """Whether browsers will believe the certificate, and for how long."""
    if settings.tls_cert is None or settings.tls_key is None:
        return []
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.tls_cert, settings.tls_key)
        found = x509.load_pem_x509_certificate(settings.tls_cert.read_bytes())
    except (ssl.SSLError, ValueError) as error:
        return [Finding.wrong(f"The certificate and key do not work: {error}.")]
    days = (found.not_valid_after_utc - datetime.now(UTC)).days
    findings = []
    if days < 0:
        findings.append(Finding.wrong(f"The certificate ran out {-days} days ago."))
    elif days < _CERTIFICATE_DAYS:
        findings.append(Finding.doubtful(f"The certificate runs out in {days} days."))
    else:
        findings.append(Finding.fine(f"The certificate is good for {days} days."))
    host = urlsplit(settings.url).hostname if settings.url else None
    if host and not any(_covers(name, host) for name in names_of(found)):
        findings.append(Finding.wrong(f"The certificate is not for {host}."))
    return findings


def outside_view(settings: Settings, addresses: Sequence[Address]) -> Iterable[Finding]:
    """What somebody elsewhere would be told to connect to."""
    told = list(settings.public_ips) or [str(address) for address in addresses if not address.is_loopback]
    ways = f"UDP {settings.media_port}" + (f" or TCP {settings.media_tcp_port}" if settings.media_tcp_port else "")
    yield Finding.fine(f"For the sound, listeners try {', '.join(map(in_url, told)) or 'nothing'} by {ways}.")
    if not settings.public_ips and not any(address.is_global for address in addresses):
        yield Finding.doubtful(
            "Every address of this machine is private: from outside nobody hears anything. "
            "Give --public-ip, and let the router pass the port on."
        )
    if settings.media_tcp_port is None:
        yield Finding.doubtful("Networks that block UDP hear nothing; --media-tcp-port 443 (or another) helps them.")
    yield from _address_of_pages(settings)


def _address_of_pages(settings: Settings) -> Iterable[Finding]:
    if settings.url is None:
        if not settings.tls_local:
            yield Finding.doubtful("Without --url, links are made for localhost.")
        return
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        yield Finding.wrong(f"{settings.url} is not https: browsers give no microphone to it.")
    if parts.scheme == "https" and settings.tls_cert is None and not settings.tls_local and not settings.trusted_proxies:
        yield Finding.doubtful("A proxy must be what speaks https here; give --trust-proxy, so that it is believed who asks.")
    try:
        found = sorted({str(entry[4][0]) for entry in socket.getaddrinfo(host, None)})
    except OSError:
        yield Finding.wrong(f"The name {host} is not known to DNS.")
    else:
        yield Finding.fine(f"{host} is {', '.join(found)}.")


def _is_free(kind: socket.SocketKind, port: int, address: str | None) -> bool:
    if port == 0:
        return True
    family = socket.AF_INET6 if address and ":" in address else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address or str(IPv4Address(0)), port))
        except OSError:
            return False
    return True


def _covers(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.lower().partition(".")[2] == name[2:].lower()
    return name.lower() == host.lower()


def _kernel_clock() -> int | None:
    """What adjtimex(2) returns, on Linux; it is asked without changing anything."""
    if not Path("/proc").exists():
        return None
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256)))
    except (OSError, AttributeError):
        return None
