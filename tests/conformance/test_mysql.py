"""The metadata store keeps its contracts on MySQL. Races run over two openings of one database, as of two processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from storage.ports import Metadata
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase, MysqlPlace, open_mysql
from tests.conformance.collecting import CollectingSuite
from tests.conformance.erasing import ErasingSuite
from tests.conformance.heads import HeadsSuite
from tests.conformance.inspection import InspectionSuite
from tests.conformance.leases import LeasesSuite
from tests.conformance.links import LinksSuite
from tests.conformance.outbox import OutboxSuite
from tests.conformance.revisions import RevisionsSuite
from tests.conformance.statements import StatementsSuite
from tests.services.mariadb import mysql, mysql_server, new_data, shared_place

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]


class OnMysql:
    """The metadata store in one database."""

    @pytest.fixture
    async def metadata(self, mysql: MysqlDatabase) -> Metadata:
        return SqlMetadata(mysql)

    @pytest.fixture
    async def peers(self, metadata: Metadata, shared_place: MysqlPlace) -> AsyncIterator[Sequence[Metadata]]:
        async with open_mysql(shared_place) as second:
            yield [metadata, SqlMetadata(second)]


class TestStatements(OnMysql, StatementsSuite):
    """Statements by hash."""


class TestCollecting(OnMysql, CollectingSuite):
    """Statements on their way out."""


class TestErasing(OnMysql, ErasingSuite):
    """Content that must be gone."""


class TestHeads(OnMysql, HeadsSuite):
    """Heads and revisions."""


class TestRevisions(OnMysql, RevisionsSuite):
    """Histories and the newest revisions."""


class TestOutbox(OnMysql, OutboxSuite):
    """What is owed."""


class TestLinks(OnMysql, LinksSuite):
    """Backlinks and redirects."""


class TestInspection(OnMysql, InspectionSuite):
    """Walks over everything."""


class TestLeases(OnMysql, LeasesSuite):
    """Who does a job."""
