"""The embedded engines keep the contracts of the ports. Races run over two openings of one folder."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from app.compose import open_embedded
from storage.keys import Key
from storage.ports import Events, Metadata, Objects, Stores
from tests.conformance.collecting import CollectingSuite
from tests.conformance.erasing import ErasingSuite
from tests.conformance.events import EventsSuite
from tests.conformance.heads import HeadsSuite
from tests.conformance.inspection import InspectionSuite
from tests.conformance.leases import LeasesSuite
from tests.conformance.links import LinksSuite
from tests.conformance.objects import ObjectsSuite
from tests.conformance.outbox import OutboxSuite
from tests.conformance.revisions import RevisionsSuite
from tests.conformance.statements import StatementsSuite


@pytest.fixture
async def second(tmp_path: Path, stores: Stores) -> AsyncIterator[Stores]:
    """The folder of `stores` opened once more, as another process would."""
    async with open_embedded(tmp_path / "data") as opened:
        yield opened


class EmbeddedMetadata:
    """The metadata store in one SQLite file."""

    @pytest.fixture
    async def metadata(self, stores: Stores) -> Metadata:
        return stores.metadata

    @pytest.fixture
    async def peers(self, metadata: Metadata, second: Stores) -> Sequence[Metadata]:
        return [metadata, second.metadata]


class TestObjects(ObjectsSuite):
    """Objects in one SQLite file."""

    @pytest.fixture
    async def objects(self, stores: Stores, tmp_path: Path) -> Objects:
        self.path = tmp_path / "data" / "objects.sqlite"
        return stores.objects

    @pytest.fixture
    async def peers(self, objects: Objects, second: Stores) -> Sequence[Objects]:
        return [objects, second.objects]

    async def corrupt(self, key: Key) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            changed = connection.execute(
                "UPDATE objects SET data = CAST('x' || substr(data, 2) AS BLOB) WHERE name = ?", (str(key),)
            )
            assert changed.rowcount == 1


class TestStatements(EmbeddedMetadata, StatementsSuite):
    """Statements by hash."""


class TestCollecting(EmbeddedMetadata, CollectingSuite):
    """Statements on their way out."""


class TestErasing(EmbeddedMetadata, ErasingSuite):
    """Content that must be gone."""


class TestHeads(EmbeddedMetadata, HeadsSuite):
    """Heads and revisions."""


class TestRevisions(EmbeddedMetadata, RevisionsSuite):
    """Histories and the newest revisions."""


class TestOutbox(EmbeddedMetadata, OutboxSuite):
    """What is owed."""


class TestLinks(EmbeddedMetadata, LinksSuite):
    """Backlinks and redirects."""


class TestInspection(EmbeddedMetadata, InspectionSuite):
    """Walks over everything."""


class TestLeases(EmbeddedMetadata, LeasesSuite):
    """Who does a job."""


class TestEvents(EventsSuite):
    """The stream in one SQLite file."""

    @pytest.fixture
    async def events(self, stores: Stores) -> Events:
        return stores.events

    @pytest.fixture
    async def peers(self, events: Events, second: Stores) -> Sequence[Events]:
        return [events, second.events]
