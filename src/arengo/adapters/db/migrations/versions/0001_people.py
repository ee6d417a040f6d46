"""Accounts, how they are recognised, and the secrets of the server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of people."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("display", sa.String(200), nullable=False),
        sa.Column("lang", sa.String(35)),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.String(24), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("changed_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_credentials"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_credentials_account_id_accounts", ondelete="CASCADE"),
    )
    op.create_table(
        "login_sessions",
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("account_id", sa.String(24), nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("used_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_login_sessions"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_login_sessions_account_id_accounts", ondelete="CASCADE"),
    )
    op.create_index("ix_login_sessions_account_id", "login_sessions", ["account_id"])
    op.create_index("ix_login_sessions_used_at", "login_sessions", ["used_at"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("account_id", sa.String(24), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("scopes", sa.Text()),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("used_at", _instant),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_tokens_account_id_accounts", ondelete="CASCADE"),
        sa.UniqueConstraint("secret_hash", name="uq_api_tokens_secret_hash"),
    )
    op.create_index("ix_api_tokens_account_id", "api_tokens", ["account_id"])
    op.create_table(
        "signup_invitations",
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("by_account_id", sa.String(24)),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("expires_at", _instant, nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_signup_invitations"),
        sa.ForeignKeyConstraint(
            ["by_account_id"], ["accounts.id"], name="fk_signup_invitations_by_account_id_accounts", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_signup_invitations_by_account_id", "signup_invitations", ["by_account_id"])
    op.create_table(
        "bans",
        sa.Column("account_id", sa.String(24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_bans"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_bans_account_id_accounts", ondelete="CASCADE"),
    )
    op.create_table(
        "server_secrets",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_server_secrets"),
    )
