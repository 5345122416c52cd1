"""A digest of what a revision's hashes stand for. Revisions that were committed before have none.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.sql.migrations.again import add_column
from storage.sql.types import fixed

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make room for it."""
    add_column("entity_revisions", sa.Column("statements_digest", fixed(32)))
