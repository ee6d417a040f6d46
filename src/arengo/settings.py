"""What an operator can set: by option, else by environment variable, else the default."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from arengo.limits import Limits
from arengo.service.instance import Signup


@dataclass(frozen=True, slots=True)
class Settings:
    """A server as its operator wants it; `docs/operating/settings.md` explains each."""

    data_dir: Path = Path("data")
    database_url: str | None = None
    name: str = "Arengo"
    port: int = 8000
    bind: str | None = None
    url: str | None = None
    hosts: tuple[str, ...] = ()
    media_port: int = 7882
    media_tcp_port: int | None = None
    media_shards: int | None = None  # one for each core, up to four
    media_sessions: int = 20_000
    media_merge_from: int | None = 300  # None: never
    public_ips: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_local: bool = False
    tls_port: int = 8443
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    signup: Signup = "open"
    metrics_token: str | None = None
    log_level: str = "info"
    limits: Limits = field(default_factory=Limits)

    @property
    def database(self) -> str:
        """The URL of the database: an SQLite file in the data directory unless another was given."""
        return self.database_url or f"sqlite:///{self.data_dir / 'arengo.db'}"

    @property
    def control_socket(self) -> Path:
        """Where shell commands reach the running server."""
        return self.data_dir / "control.sock"

    @property
    def locks(self) -> tuple[Path, ...]:
        """The files that a process locks to use the data alone: one for the directory, one for an SQLite file elsewhere."""
        kind, _, place = (self.database_url or "").partition(":///")
        file = place.partition("?")[0]
        elsewhere = (Path(f"{file}.lock"),) if kind.startswith("sqlite") and file else ()
        return (self.data_dir / "data.lock", *elsewhere)

    @property
    def backups(self) -> Path:
        return self.data_dir / "backups"

    @property
    def tls_dir(self) -> Path:
        return self.data_dir / "tls"


def program_version() -> str:
    """The version that is installed."""
    try:
        return version("arengo")
    except PackageNotFoundError:
        return "0"
