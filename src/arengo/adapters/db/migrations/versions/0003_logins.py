"""Logins that their owner can see in a list and end one by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each login an id, and words for the browser that it came from."""
    with op.batch_alter_table("login_sessions") as table:
        table.add_column(sa.Column("id", sa.String(24)))
        table.add_column(sa.Column("browser", sa.String(20)))
        table.add_column(sa.Column("platform", sa.String(20)))
    logins = sa.table("login_sessions", sa.column("secret_hash", sa.LargeBinary), sa.column("id", sa.String))
    connection = op.get_bind()
    for (key,) in connection.execute(sa.select(logins.c.secret_hash)).all():
        connection.execute(sa.update(logins).where(logins.c.secret_hash == key).values(id=key.hex()[:16]))
    with op.batch_alter_table("login_sessions") as table:
        table.alter_column("id", existing_type=sa.String(24), nullable=False)
        table.create_unique_constraint("uq_login_sessions_id", ["id"])
