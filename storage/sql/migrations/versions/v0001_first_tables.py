"""The first tables.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.sql.migrations.again import create_index, create_table
from storage.sql.types import Unsigned64, UtcTime, blob, fixed, long_text, name

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    create_table(
        "entity_id_mapping",
        sa.Column("entity_id", name(16), primary_key=True),
        sa.Column("internal_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
    )
    create_table(
        "entity_head",
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("head_revision_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("is_semi_protected", sa.Boolean(), nullable=False),
        sa.Column("is_mass_edit_protected", sa.Boolean(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("is_archived", sa.Boolean(), nullable=False),
        sa.Column("is_dangling", sa.Boolean(), nullable=False),
        sa.Column("is_soft_deleted", sa.Boolean(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("is_redirect", sa.Boolean(), nullable=False),
        sa.Column("redirects_to", sa.BigInteger()),
    )
    create_table(
        "entity_revisions",
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("revision_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("parent_revision_id", sa.BigInteger()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("is_mass_edit", sa.Boolean(), nullable=False),
        sa.Column("edit_type", name(100), nullable=False),
        sa.Column("editor", name(255), nullable=False),
        sa.Column("summary", name(500), nullable=False),
        sa.Column("bot", sa.Boolean(), nullable=False),
        sa.Column("batch_id", name(100)),
        sa.Column("source_revision_id", sa.BigInteger()),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("attempt", fixed(16), nullable=False),
        sa.Column("content_hash", Unsigned64()),
        sa.Column("content_digest", fixed(32)),
        sa.Column("statements", blob()),
        sa.Column("statement_ids", blob()),
        sa.Column("properties", long_text()),
        sa.Column("property_counts", long_text()),
        sa.Column("parts", long_text()),
    )
    create_table(
        "entity_revision_meta",
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("revision_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("schema_version", name(20), nullable=False),
        sa.Column("validation_status", name(10), nullable=False),
        sa.Column("validation_error", long_text()),
        sa.Column("validated_at", UtcTime()),
    )
    create_table(
        "statement_content",
        sa.Column("content_hash", Unsigned64(), primary_key=True, autoincrement=False),
        sa.Column("property_id", name(16), nullable=False),
        sa.Column("digest", fixed(32), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("ref_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("orphaned_at", UtcTime()),
    )
    create_index("statement_content_by_use", "statement_content", ["ref_count", "content_hash"])
    create_table(
        "statement_references",
        sa.Column("content_hash", Unsigned64(), primary_key=True, autoincrement=False),
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    create_table(
        "statement_pending",
        sa.Column("content_hash", Unsigned64(), primary_key=True, autoincrement=False),
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("attempt", fixed(16), primary_key=True),
        sa.Column("base_revision_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
    )
    create_table(
        "entity_backlinks",
        sa.Column("referenced_internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("referencing_internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("statement_hash", Unsigned64(), primary_key=True, autoincrement=False),
        sa.Column("property_id", name(16), nullable=False),
        sa.Column("statement_rank", name(10), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
    )
    create_table(
        "entity_redirects",
        sa.Column("source_internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("target_internal_id", sa.BigInteger()),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("created_by", name(255), nullable=False),
    )
    create_index(
        "entity_redirects_by_target", "entity_redirects", ["target_internal_id", "source_internal_id"]
    )
    create_table(
        "outbox",
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("revision_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("attempt", fixed(16), nullable=False),
        sa.Column("added", blob(), nullable=False),
        sa.Column("removed", blob(), nullable=False),
        sa.Column("redirect_changed", sa.Boolean(), nullable=False),
        sa.Column("redirects_to", sa.BigInteger()),
        sa.Column("event", long_text(), nullable=False),
        sa.Column("derived", sa.Boolean(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
    )
    create_table(
        "idempotency_keys",
        sa.Column("key_digest", fixed(32), primary_key=True),
        sa.Column("request_digest", fixed(32), nullable=False),
        sa.Column("internal_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
    )
    create_table(
        "idempotent_outcomes",
        sa.Column("internal_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("key_digest", fixed(32), primary_key=True),
        sa.Column("request_digest", fixed(32), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
    )
    create_table(
        "id_ranges",
        sa.Column("entity_type", name(20), primary_key=True),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
    )
    create_table(
        "leases",
        sa.Column("name", name(64), primary_key=True),
        sa.Column("owner", name(64), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
    )
