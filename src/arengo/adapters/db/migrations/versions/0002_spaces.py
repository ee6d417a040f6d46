"""Spaces, and what each remembers of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables of spaces."""
    op.create_table(
        "spaces",
        sa.Column("id", sa.String(13), nullable=False),
        sa.Column("host_id", sa.String(24), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(35)),
        sa.Column("visibility", sa.String(10), nullable=False),
        sa.Column("who_may_speak", sa.String(10), nullable=False),
        sa.Column("guests_allowed", sa.Boolean(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("scheduled_start", _instant),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", _instant, nullable=False),
        sa.Column("started_at", _instant),
        sa.Column("ended_at", _instant),
        sa.Column("end_reason", sa.String(20)),
        sa.Column("stand_in", sa.String(24)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_spaces"),
    )
    op.create_index("ix_spaces_state_scheduled_start", "spaces", ["state", "scheduled_start"])
    op.create_index("ix_spaces_host_id_state", "spaces", ["host_id", "state"])
    op.create_table(
        "space_members",
        sa.Column("space_id", sa.String(13), nullable=False),
        sa.Column("person_id", sa.String(24), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("handle", sa.String(30)),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("is_cohost", sa.Boolean(), nullable=False),
        sa.Column("voice", sa.BigInteger(), nullable=False),
        sa.Column("on_stage_since", _instant),
        sa.Column("mic", sa.String(3), nullable=False),
        sa.Column("muted_by", sa.String(4)),
        sa.Column("hand_since", _instant),
        sa.Column("invited_by", sa.String(24)),
        sa.Column("may_speak", sa.Boolean(), nullable=False),
        sa.Column("may_enter", sa.Boolean(), nullable=False),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("space_id", "person_id", name="pk_space_members"),
        sa.ForeignKeyConstraint(["space_id"], ["spaces.id"], name="fk_space_members_space_id_spaces", ondelete="CASCADE"),
    )
    op.create_index("ix_space_members_person_id", "space_members", ["person_id"])
