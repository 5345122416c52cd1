"""What the states of an entity need: reservations of redirect targets, audit of deletions, requests, doubt, erasures.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sql.migrations.again import add_column, create_index, create_table
from storage.sql.types import Unsigned64, UtcTime, fixed, long_text, name

revision = "0005"
down_revision = "0004"

_FLAGS = (
    "is_locked",
    "is_archived",
    "is_semi_protected",
    "is_mass_edit_protected",
    "is_dangling",
    "is_soft_deleted",
    "is_redirect",
)


def upgrade() -> None:
    """Make them."""
    create_table(
        "redirect_reservations",
        _key("target_internal_id"),
        _key("source_internal_id"),
        sa.Column("attempt", fixed(16), primary_key=True),
        sa.Column("created_at", UtcTime(), nullable=False),
    )
    create_table("redirect_fences", _key("internal_id"), sa.Column("attempt", fixed(16), primary_key=True))
    create_table(
        "entity_delete_audit",
        _key("internal_id"),
        _key("revision_id"),
        sa.Column("delete_type", name(10), primary_key=True),
        sa.Column("external_id", name(16), nullable=False),
        sa.Column("reason", name(500), nullable=False),
        sa.Column("requested_by", name(255), nullable=False),
        sa.Column("approved_by", name(255)),
        sa.Column("head_revision_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("retention_expiry", UtcTime()),
        sa.Column("retention", sa.SmallInteger(), nullable=False),
    )
    place = ["created_at", "internal_id", "revision_id"]
    create_index("entity_delete_audit_by_time", "entity_delete_audit", place)
    create_index("entity_delete_audit_by_type", "entity_delete_audit", ["delete_type", *place])
    create_index("entity_delete_audit_by_retention", "entity_delete_audit", ["retention", "retention_expiry"])
    create_table(
        "deletion_requests",
        _key("internal_id"),
        sa.Column("reason", name(500), nullable=False),
        sa.Column("requested_by", name(255), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
    )
    create_table("entity_lists", _key("internal_id"), sa.Column("list_name", name(110), primary_key=True))
    create_index("entity_lists_by_name", "entity_lists", ["list_name", "internal_id"])
    _fill_lists()
    create_table(
        "erasures",
        sa.Column("erasure_id", fixed(16), primary_key=True),
        sa.Column("content_hash", Unsigned64()),
        sa.Column("internal_id", sa.BigInteger()),
        sa.Column("revisions", long_text(), nullable=False),
        sa.Column("reason", name(500), nullable=False),
        sa.Column("requested_by", name(255), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
    )
    create_index("erasures_by_time", "erasures", ["created_at", "erasure_id"])
    create_index("erasures_unfinished", "erasures", ["done", "due_at"])
    add_column(
        "entity_revisions",
        sa.Column("erased", sa.Boolean(), nullable=False, server_default=sa.text("0")),
    )
    add_column(
        "statement_content",
        sa.Column("doubtful", sa.Boolean(), nullable=False, server_default=sa.text("0")),
    )


def _fill_lists() -> None:
    """Put the entities that are there on their lists; what an earlier try has put there stays."""
    ignore = "IGNORE" if op.get_bind().dialect.name == "mysql" else "OR IGNORE"
    into = f"INSERT {ignore} INTO entity_lists (internal_id, list_name) SELECT"
    for flag in _FLAGS:
        op.execute(f"{into} internal_id, '{flag}' FROM entity_head WHERE {flag} = 1 AND is_deleted = 0")
    name = "CONCAT('type:', r.edit_type)" if ignore == "IGNORE" else "'type:' || r.edit_type"
    op.execute(
        f"{into} h.internal_id, {name} FROM entity_head h JOIN entity_revisions r"
        " ON r.internal_id = h.internal_id AND r.revision_id = h.head_revision_id"
        " WHERE h.is_deleted = 0 AND r.edit_type <> ''"
    )


def _key(column: str) -> sa.Column[int]:
    return sa.Column(column, sa.BigInteger(), primary_key=True, autoincrement=False)
