"""The tables of the metadata store: pointers and metadata, never content (S5).

One set of definitions for SQLite, MySQL, MariaDB and Vitess: no foreign keys, no AUTO_INCREMENT, no unique key
that a shard could not hold alone. The first column of each primary key is the shard key. Only `storage.sql`
may import this; internal numbers stay here (S10).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, SmallInteger, Table, text

from storage.sql.types import Unsigned64, UtcTime, blob, fixed, long_text, name

metadata = MetaData()


def _key(column: str) -> Column[int]:
    return Column(column, BigInteger, primary_key=True, autoincrement=False)


# Shard key: the entity id itself. That the row is there says that the id is used (W2).
entity_id_mapping = Table(
    "entity_id_mapping",
    metadata,
    Column("entity_id", name(16), primary_key=True),
    Column("internal_id", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

entity_head = Table(
    "entity_head",
    metadata,
    _key("internal_id"),
    Column("head_revision_id", BigInteger, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("is_semi_protected", Boolean, nullable=False),
    Column("is_mass_edit_protected", Boolean, nullable=False),
    Column("is_locked", Boolean, nullable=False),
    Column("is_archived", Boolean, nullable=False),
    Column("is_dangling", Boolean, nullable=False),
    Column("is_soft_deleted", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("is_redirect", Boolean, nullable=False),
    Column("redirects_to", BigInteger),
)

entity_revisions = Table(
    "entity_revisions",
    metadata,
    _key("internal_id"),
    Column("revision_id", BigInteger, primary_key=True, autoincrement=False),
    Column("parent_revision_id", BigInteger),
    Column("created_at", UtcTime, nullable=False),
    Column("is_mass_edit", Boolean, nullable=False),
    Column("edit_type", name(100), nullable=False),
    Column("editor", name(255), nullable=False),
    Column("summary", name(500), nullable=False),
    Column("bot", Boolean, nullable=False),
    Column("batch_id", name(100)),
    Column("source_revision_id", BigInteger),
    Column("flags", Integer, nullable=False),
    Column("attempt", fixed(16), nullable=False),
    Column("content_hash", Unsigned64),
    Column("content_digest", fixed(32)),
    Column("statements", blob()),
    Column("statement_ids", blob()),
    Column("properties", long_text()),
    Column("property_counts", long_text()),
    Column("parts", long_text()),
    Column("statements_digest", fixed(32)),
    Column("erased", Boolean, nullable=False, server_default=text("0")),
    Index("entity_revisions_by_time", "created_at", "internal_id", "revision_id"),
    Index("entity_revisions_by_type", "edit_type", "created_at", "internal_id", "revision_id"),
    Index("entity_revisions_by_mass", "is_mass_edit", "created_at", "internal_id", "revision_id"),
)

entity_revision_meta = Table(
    "entity_revision_meta",
    metadata,
    _key("internal_id"),
    Column("revision_id", BigInteger, primary_key=True, autoincrement=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("schema_version", name(20), nullable=False),
    Column("validation_status", name(10), nullable=False),
    Column("validation_error", long_text()),
    Column("validated_at", UtcTime),
)

# Shard key: the hash. A row is never removed: a collected statement keeps its place, so that one which was
# probed past it is still found.
statement_content = Table(
    "statement_content",
    metadata,
    Column("content_hash", Unsigned64, primary_key=True, autoincrement=False),
    Column("property_id", name(16), nullable=False),
    Column("digest", fixed(32), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("ref_count", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("orphaned_at", UtcTime),
    # Set before an entity that holds the statement is hard-deleted, and never taken back.
    Column("doubtful", Boolean, nullable=False, server_default=text("0")),
    Index("statement_content_by_use", "ref_count", "content_hash"),
)

statement_references = Table(
    "statement_references",
    metadata,
    Column("content_hash", Unsigned64, primary_key=True, autoincrement=False),
    _key("internal_id"),
)

statement_pending = Table(
    "statement_pending",
    metadata,
    Column("content_hash", Unsigned64, primary_key=True, autoincrement=False),
    _key("internal_id"),
    Column("attempt", fixed(16), primary_key=True),
    Column("base_revision_id", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# Shard key: the referenced entity. `revision_id` is the referencing entity's revision that spoke last of this
# link; a removed link stays as a mark, so that an older revision's word that comes late is known to be late.
entity_backlinks = Table(
    "entity_backlinks",
    metadata,
    _key("referenced_internal_id"),
    _key("referencing_internal_id"),
    Column("statement_hash", Unsigned64, primary_key=True, autoincrement=False),
    Column("property_id", name(16), nullable=False),
    Column("statement_rank", name(10), nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("revision_id", BigInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
    Index(
        "entity_backlinks_by_property",
        "referenced_internal_id",
        "property_id",
        "referencing_internal_id",
        "statement_hash",
    ),
)

entity_redirects = Table(
    "entity_redirects",
    metadata,
    _key("source_internal_id"),
    Column("target_internal_id", BigInteger),
    Column("revision_id", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", name(255), nullable=False),
    Index("entity_redirects_by_target", "target_internal_id", "source_internal_id"),
)

# Shard key: the target. While a row is there, the target can't become a redirect.
redirect_reservations = Table(
    "redirect_reservations",
    metadata,
    _key("target_internal_id"),
    _key("source_internal_id"),
    Column("attempt", fixed(16), primary_key=True),
    Column("created_at", UtcTime, nullable=False),
)

# Attempts whose reservation was taken away: they never make a redirect.
redirect_fences = Table(
    "redirect_fences",
    metadata,
    _key("internal_id"),
    Column("attempt", fixed(16), primary_key=True),
)

entity_delete_audit = Table(
    "entity_delete_audit",
    metadata,
    _key("internal_id"),
    Column("revision_id", BigInteger, primary_key=True, autoincrement=False),
    Column("delete_type", name(10), primary_key=True),
    Column("external_id", name(16), nullable=False),
    Column("reason", name(500), nullable=False),
    Column("requested_by", name(255), nullable=False),
    Column("approved_by", name(255)),
    Column("head_revision_id", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("retention_expiry", UtcTime),
    # Of a hard deletion: whether it was taken back, can't be any more, or what was kept is gone.
    Column("retention", SmallInteger, nullable=False),
    Index("entity_delete_audit_by_time", "created_at", "internal_id", "revision_id"),
    Index("entity_delete_audit_by_type", "delete_type", "created_at", "internal_id", "revision_id"),
    Index("entity_delete_audit_by_retention", "retention", "retention_expiry"),
)

# On which lists an entity stands: few, as most entities are ordinary.
entity_lists = Table(
    "entity_lists",
    metadata,
    _key("internal_id"),
    Column("list_name", name(110), primary_key=True),
    Index("entity_lists_by_name", "list_name", "internal_id"),
)

deletion_requests = Table(
    "deletion_requests",
    metadata,
    _key("internal_id"),
    Column("reason", name(500), nullable=False),
    Column("requested_by", name(255), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("retention_days", Integer, nullable=False),
)

# Not sharded: few, and all are asked for twice a second.
erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", fixed(16), primary_key=True),
    Column("content_hash", Unsigned64),
    Column("internal_id", BigInteger),
    Column("revisions", long_text(), nullable=False),
    Column("reason", name(500), nullable=False),
    Column("requested_by", name(255), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("done", Boolean, nullable=False),
    Index("erasures_by_time", "created_at", "erasure_id"),
    Index("erasures_unfinished", "done", "due_at"),
)

outbox = Table(
    "outbox",
    metadata,
    _key("internal_id"),
    Column("revision_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", fixed(16), nullable=False),
    Column("added", blob(), nullable=False),
    Column("removed", blob(), nullable=False),
    Column("redirect_changed", Boolean, nullable=False),
    Column("redirects_to", BigInteger),
    Column("event", long_text(), nullable=False),
    Column("derived", Boolean, nullable=False),
    Column("published", Boolean, nullable=False),
    Index("outbox_underived", "derived", "internal_id", "revision_id"),
    Index("outbox_unpublished", "published", "internal_id", "revision_id"),
)

# Shard key: the key's digest. Binds a client's key to an entity and a request before anything else is written.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key_digest", fixed(32), primary_key=True),
    Column("request_digest", fixed(32), nullable=False),
    Column("internal_id", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

idempotent_outcomes = Table(
    "idempotent_outcomes",
    metadata,
    _key("internal_id"),
    Column("key_digest", fixed(32), primary_key=True),
    Column("request_digest", fixed(32), nullable=False),
    Column("revision_id", BigInteger, nullable=False),
    Column("unchanged", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

id_ranges = Table(
    "id_ranges",
    metadata,
    Column("entity_type", name(20), primary_key=True),
    Column("next_number", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", name(64), primary_key=True),
    Column("owner", name(64), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)
