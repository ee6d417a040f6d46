"""The tables, as SQLAlchemy sees them; `migrations/` is how they came to be.

Instants are aware and UTC on both databases. Persons are named by their id as text, as everywhere else.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime; SQLite, which knows no zones, is given and gives UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


PersonKey = String(24)

accounts = Table(
    "accounts",
    metadata,
    Column("id", PersonKey, primary_key=True),
    Column("name", String(30), nullable=False, unique=True),
    Column("display", String(200), nullable=False),
    Column("lang", String(35)),
    Column("bot", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("account_id", PersonKey, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

login_sessions = Table(
    "login_sessions",
    metadata,
    Column("secret_hash", LargeBinary(32), primary_key=True),
    Column("account_id", PersonKey, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("id", PersonKey, nullable=False, unique=True),
    Column("browser", String(20)),
    Column("platform", String(20)),
    Index(None, "account_id"),
    Index(None, "used_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", PersonKey, primary_key=True),
    Column("account_id", PersonKey, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("label", String(200), nullable=False),
    Column("scopes", Text),  # None: all that the account may do
    Column("secret_hash", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "account_id"),
)

signup_invitations = Table(
    "signup_invitations",
    metadata,
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("by_account_id", PersonKey, ForeignKey("accounts.id", ondelete="CASCADE")),  # None: the operator
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Index(None, "by_account_id"),
)

bans = Table(
    "bans",
    metadata,
    Column("account_id", PersonKey, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

server_secrets = Table(
    "server_secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
