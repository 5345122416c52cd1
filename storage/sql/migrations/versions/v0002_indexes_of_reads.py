"""Indexes for what readers page through: recent revisions, and backlinks by property.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from storage.sql.migrations.again import create_index

revision = "0002"
down_revision = "0001"

_PLACE = ["created_at", "internal_id", "revision_id"]


def upgrade() -> None:
    """Make them."""
    create_index("entity_revisions_by_time", "entity_revisions", _PLACE)
    create_index("entity_revisions_by_type", "entity_revisions", ["edit_type", *_PLACE])
    create_index("entity_revisions_by_mass", "entity_revisions", ["is_mass_edit", *_PLACE])
    create_index(
        "entity_backlinks_by_property",
        "entity_backlinks",
        ["referenced_internal_id", "property_id", "referencing_internal_id", "statement_hash"],
    )
