"""Indexes for what the relay polls: a backlog that waits for one thing is not looked through for the other.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from storage.sql.migrations.again import create_index

revision = "0003"
down_revision = "0002"

_PLACE = ["internal_id", "revision_id"]


def upgrade() -> None:
    """Make them."""
    create_index("outbox_underived", "outbox", ["derived", *_PLACE])
    create_index("outbox_unpublished", "outbox", ["published", *_PLACE])
