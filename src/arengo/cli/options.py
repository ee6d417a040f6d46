"""Options that several commands share, and how they become Settings."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from arengo.adapters.network.addresses import in_url
from arengo.cli.exits import USAGE, CliError
from arengo.domain.settings import MOST_COHOSTS
from arengo.limits import Limits
from arengo.settings import Settings

NEVER = -1
_POSTGRES_OPTIONS = ("host", "port", "ssl", "sslmode", "target_session_attrs")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?")


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Where the data is: for every command that works on a server's data."""
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", default=_env("DATA_DIR", "data"), help="database, secrets and certificates (default: data)"
    )
    parser.add_argument(
        "--database-url", metavar="URL", default=_env("DATABASE_URL"), help="postgresql://… instead of SQLite in the data directory"
    )


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Everything that `serve` and `demo` take."""
    add_data_options(parser)
    add = parser.add_argument
    add("--port", type=_port, default=_env("PORT", "8000"), help="web port (default: 8000)")
    add(
        "--bind",
        type=_address,
        metavar="IP",
        default=_env("BIND"),
        help="address of the web port (default: every one; with --tls-local: loopback)",
    )
    add("--media-port", type=_port, default=_env("MEDIA_PORT", "7882"), help="UDP port of the sound (default: 7882)")
    add(
        "--media-tcp-port",
        type=_port,
        metavar="N",
        default=_env("MEDIA_TCP_PORT"),
        help="TCP port of the sound for networks without UDP (default: none)",
    )
    add(
        "--media-shards",
        type=_shards,
        metavar="N",
        default=_env("MEDIA_SHARDS"),
        help="threads that carry the sound (default: one for each core, up to 4)",
    )
    add(
        "--media-sessions",
        type=_sessions,
        metavar="N",
        default=_env("MEDIA_SESSIONS", "20000"),
        help="people who hear or speak at once, at most (default: 20000)",
    )
    add(
        "--media-merge-from",
        type=_audience,
        metavar="N",
        default=_env("MEDIA_MERGE_FROM", "300"),
        help="audience from which on listeners get packets of 60 ms; 'never', or 0 for always (default: 300)",
    )
    add(
        "--public-ip",
        type=_address,
        metavar="IP",
        action="append",
        default=None,
        help="address under which listeners reach this machine; may be repeated",
    )
    add("--url", type=_url, default=_env("URL"), help="address of the server as people type it")
    add(
        "--host",
        type=_host,
        metavar="NAME",
        action="append",
        default=None,
        help="another name that people reach the server by; may be repeated",
    )
    add("--name", default=_env("NAME", "Arengo"), help="name of the server (default: Arengo)")
    add(
        "--signup", choices=("open", "invitation", "closed"), default=_env("SIGNUP", "open"), help="who may make an account (default: open)"
    )
    add("--speakers", type=_places, metavar="N", default=_env("SPEAKERS", "10"), help="places for speakers on a new stage (default: 10)")
    add("--tls-cert", type=Path, metavar="FILE", default=_env("TLS_CERT"), help="certificate with its chain (PEM): serve https")
    add("--tls-key", type=Path, metavar="FILE", default=_env("TLS_KEY"), help="key of the certificate (PEM)")
    add("--tls-local", action="store_true", help="also serve https on the local network, from an authority of one's own")
    add("--tls-port", type=_port, default=_env("TLS_PORT", "8443"), help="port of --tls-local (default: 8443)")
    add(
        "--trust-proxy",
        type=_network,
        metavar="CIDR",
        action="append",
        default=None,
        help="believe forwarded addresses from there; may be repeated",
    )
    add("--log-level", choices=("debug", "info", "warning", "error"), default=_env("LOG_LEVEL", "info"), help="(default: info)")


def data_settings(options: argparse.Namespace) -> Settings:
    """The settings of a command that works on the data."""
    return Settings(data_dir=_data_dir(options), database_url=_database_url(options.database_url))


def server_settings(options: argparse.Namespace) -> Settings:
    """The settings of a server; CliError when options contradict each other."""
    if (options.tls_cert is None) != (options.tls_key is None):
        raise CliError("Give --tls-cert and --tls-key together.", USAGE)
    if options.tls_cert and options.tls_local:
        raise CliError("Give either certificate files or --tls-local.", USAGE)
    for file in (options.tls_cert, options.tls_key):
        if file is not None and not file.is_file():
            raise CliError(f"There is no file {file}.", USAGE)
    if options.tls_local and options.tls_port == options.port != 0:
        raise CliError("--port and --tls-port must differ.", USAGE)
    return Settings(
        data_dir=_data_dir(options),
        database_url=_database_url(options.database_url),
        name=options.name,
        port=options.port,
        bind=options.bind or ("127.0.0.1" if options.tls_local else None),
        url=options.url,
        hosts=tuple(options.host if options.host is not None else map(_host, _listed("HOST"))),
        media_port=options.media_port,
        media_tcp_port=options.media_tcp_port,
        media_shards=options.media_shards,
        media_sessions=options.media_sessions,
        media_merge_from=None if options.media_merge_from == NEVER else options.media_merge_from,
        public_ips=tuple(options.public_ip if options.public_ip is not None else map(_address, _listed("PUBLIC_IP"))),
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        tls_local=options.tls_local,
        tls_port=options.tls_port,
        trusted_proxies=tuple(options.trust_proxy if options.trust_proxy is not None else map(_network, _listed("TRUST_PROXY"))),
        signup=options.signup,
        metrics_token=_env("METRICS_TOKEN"),
        log_level=options.log_level,
        limits=replace(Limits(), stage_capacity=options.speakers + 1 + MOST_COHOSTS),
    )


def _env(name: str, default: str | None = None) -> str | None:
    return os.environ.get(f"ARENGO_{name}") or default


def _listed(name: str) -> list[str]:
    return (_env(name) or "").split()


def _data_dir(options: argparse.Namespace) -> Path:
    return Path(options.data_dir)


def _database_url(text: str | None) -> str | None:
    """The URL as SQLAlchemy reads it; CliError, which never repeats the URL and its password, where it cannot be one."""
    if text is None:
        return None
    kind, separator, place = text.partition("://")
    if kind.startswith("sqlite") and separator and place.startswith("/"):
        return text
    if kind.partition("+")[0] not in ("postgresql", "postgres") or not separator:
        raise CliError("A database URL begins with postgresql:// or sqlite:///.", USAGE)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        port = -1
    if port == -1:
        raise CliError("The database URL cannot be read: its host or port makes no sense. Write / : @ in a password as %2F %3A %40.", USAGE)
    options = parse_qs(parts.query)
    unknown = sorted(set(options) - set(_POSTGRES_OPTIONS))
    if not set(options.get("sslmode", ())) <= set(_SSL_MODES):
        raise CliError(f"The sslmode of the database URL is one of {', '.join(_SSL_MODES)}.", USAGE)
    if unknown:
        raise CliError(f"The database URL has an option {unknown[0]}; known are {', '.join(_POSTGRES_OPTIONS)}.", USAGE)
    return f"postgresql://{place}"


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port")
    return port


def _places(text: str) -> int:
    places = int(text)
    if not 1 <= places <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is no number of places from 1 to 1000")
    return places


def _audience(text: str) -> int:
    if text == "never":
        return NEVER
    audience = int(text)
    if audience < 0:
        raise argparse.ArgumentTypeError(f"{text} is no number of listeners, nor 'never'")
    return audience


def _shards(text: str) -> int:
    shards = int(text)
    if not 1 <= shards <= 64:
        raise argparse.ArgumentTypeError(f"{text} is no number of threads from 1 to 64")
    return shards


def _sessions(text: str) -> int:
    sessions = int(text)
    if sessions < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of media sessions")
    return sessions


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no IP address") from error


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no network such as 127.0.0.0/8") from error


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise argparse.ArgumentTypeError("that is no address such as https://talk.example.org") from error
    if "@" in parts.netloc:  # which is not repeated: it may hold a password
        raise argparse.ArgumentTypeError("the address of a server has no user or password in it")
    if parts.scheme not in ("http", "https") or not _is_host(host):
        raise argparse.ArgumentTypeError(f"{text} is no address such as https://talk.example.org")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text} has more than a host and a port in it: Arengo needs a whole name to itself")
    return f"{parts.scheme}://{in_url(host)}" + (f":{port}" if port is not None else "")


def _host(text: str) -> str:
    if not _is_host(text):
        raise argparse.ArgumentTypeError(f"{text} is no name of a host such as talk.example.org")
    return text.lower()


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None
    return True
