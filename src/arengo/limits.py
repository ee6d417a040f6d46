"""Every limit of the service, named, in one place.

`docs/operating/limits.md` lists them for operators; a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes or characters, times in seconds, rates per period; the docstring under each says why."""

    # ---- requests --------------------------------------------------------------------------
    request_body_bytes: int = 65_536
    """Body of any request; 413 `too_large` beyond."""
    header_bytes: int = 32_768
    """All header lines of a request together."""
    open_connections: int = 30_000
    """Connections to the web server; 503 beyond."""
    shutdown_s: float = 3.0
    """From the signal to the end of the process."""

    # ---- database --------------------------------------------------------------------------
    database_wait_s: float = 2.0
    """Waiting for a locked or absent database before `unavailable`."""
    database_readers: int = 4
    """Connections that only read (SQLite), or all connections (PostgreSQL, times four)."""

    # ---- people ----------------------------------------------------------------------------
    name_min_chars: int = 2
    name_max_chars: int = 30
    """Account name, `[a-z0-9_]`."""
    password_min_chars: int = 8
    password_max_chars: int = 256
    """Beyond, hashing would be a lever against the server."""
    passwords_at_once: int = 2
    """Passwords hashed at the same time, each with 19 MiB."""
    passwords_waiting: int = 64
    """Passwords that may wait for their turn; 503 `unavailable` beyond."""
    session_days: int = 30
    """A login that is not used for so long ends."""
    session_touch_s: float = 3600.0
    """How often the use of a login or token is written down."""
    sessions_per_account: int = 50
    """Logins of one account; the oldest gives way."""
    tokens_per_account: int = 50
    """API tokens of one account; `too_many_tokens` beyond."""
    token_label_max_chars: int = 60
    """What a person calls a token."""
    guest_hours: int = 24
    """A guest is recognised for so long after the last time their pass was made."""
    guests_remembered: int = 50_000
    """Guests whose display name is kept in memory."""
    identities_remembered: int = 50_000
    """Recognised logins kept in memory, so that a request needs no database."""
    identity_fresh_s: float = 10.0
    """How long a recognised login is believed without asking the database again."""
    invitation_days: int = 14
    """A sign-up invitation lasts so long."""
    invitations_per_account: int = 100
    """Open sign-up invitations of one account."""
    people_found: int = 20
    """Answers to a search for people by the beginning of their name."""

    # ---- rates -----------------------------------------------------------------------------
    login_tries_per_name: int = 10
    login_tries_per_name_s: float = 600.0
    """Wrong passwords for one name before it must wait; a right one does not count."""
    login_tries_per_address: int = 200
    login_tries_per_address_s: float = 600.0
    """Wrong passwords from one address: a school behind one address survives."""
    signups_per_address: int = 100
    signups_per_address_s: float = 3600.0
    """New accounts from one address: a class signs up within one lesson."""
    guests_per_address: int = 2_000
    guests_per_address_s: float = 3600.0
    """New guests from one address (IPv6: one /64): a whole school joins at once."""
    addresses_remembered: int = 100_000
    """Addresses and names that rates are counted for."""
