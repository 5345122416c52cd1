"""Names of objects, new and old (S2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from storage.ids import EntityId
from storage.model import StatementHash


class Bucket(StrEnum):
    """The two places of objects; adapters map them to names and prefixes by setting."""

    REVISIONS = "wikibase-revisions"
    STATEMENTS = "wikibase-statements"


@dataclass(frozen=True, slots=True)
class Key:
    """One object's place."""

    bucket: Bucket
    name: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.name}"


def snapshot_key(entity: EntityId, revision: int) -> Key:
    """Where the snapshot of a revision is written."""
    return Key(Bucket.REVISIONS, f"{entity}/{revision}.json")


@lru_cache(65_536)
def statement_key(statement: StatementHash) -> Key:
    """Where the content of a statement is written."""
    return Key(Bucket.STATEMENTS, f"{statement}.json")


def older_snapshot_keys(entity: EntityId, revision: int) -> list[Key]:
    """Where readers look next: the names of earlier layouts."""
    return [Key(Bucket.REVISIONS, f"{entity}/{prefix}{revision}.json") for prefix in ("r", "rev")]


def older_statement_keys(statement: StatementHash) -> list[Key]:
    """Where readers look next: the names of earlier layouts."""
    return [Key(Bucket.STATEMENTS, f"statements/{statement}.json")]
