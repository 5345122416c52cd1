"""A claim and a collector inside each other, statement by statement of SQL, on MySQL: the locks that I6 rests on.

On SQLite transactions do not run beside each other, so there the suites say all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, event

from storage.canonical import hash64
from storage.errors import ErasedContent
from storage.ports import Claimed, Metadata
from storage.sql import collecting, statements
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase
from tests.builders import NOW, an_attempt
from tests.conformance.collecting import LATER
from tests.conformance.statements import HASH_A, Q1, Q2, A, a_claim
from tests.services.mariadb import mysql, mysql_server, new_data, shared_place

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]

Take = asyncio.Task[Mapping[bytes, Claimed]]


async def an_orphan(mysql: MysqlDatabase) -> Metadata:
    """A, which nobody holds or claims any more."""
    metadata = SqlMetadata(mysql)
    await metadata.claim(a_claim(A), hash64, NOW)
    await metadata.release(Q1, [HASH_A], an_attempt(1))
    return metadata


def dawdling(connection: Connection, before: str) -> None:
    """Have a transaction wait for a second before the first of its statements that begins so."""
    waited = False

    def dawdle(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal waited
        if not waited and statement.startswith(before):
            waited = True
            connection.exec_driver_sql("SELECT SLEEP(1)").close()

    event.listen(connection, "before_cursor_execute", dawdle)


def a_slow_claim(mysql: MysqlDatabase, *, before_pending: bool) -> Take:
    """A claim of A that waits for a second in its transaction: when it has looked, or when its pending fact is there."""
    place = [(A, HASH_A)]

    def take(connection: Connection) -> Mapping[bytes, Claimed]:
        if before_pending:
            dawdling(connection, "INSERT IGNORE INTO statement_pending")
        claimed = statements.take(connection, a_claim(A, entity=Q2, attempt=2), place, NOW)
        if not before_pending:
            connection.exec_driver_sql("SELECT SLEEP(1)").close()
        return claimed

    return asyncio.create_task(mysql.write(take))


async def test_a_claim_that_is_not_committed_yet_is_waited_for(mysql: MysqlDatabase) -> None:
    """I6: its pending fact can't be seen, and it did not see the mark."""
    metadata = await an_orphan(mysql)
    claiming = a_slow_claim(mysql, before_pending=False)
    await asyncio.sleep(0.3)
    marked = await metadata.condemn([HASH_A], LATER)
    given_up = await metadata.give_up(marked)

    assert (await claiming)[A.digest].hash == HASH_A
    assert (marked, given_up) == ({HASH_A}, set())


async def test_a_claim_that_looked_before_the_statement_was_given_up_looks_again(
    mysql: MysqlDatabase,
) -> None:
    """I6: what it saw was right when it looked."""
    metadata = await an_orphan(mysql)
    claiming = a_slow_claim(mysql, before_pending=True)
    await asyncio.sleep(0.3)
    given_up = await metadata.give_up(await metadata.condemn([HASH_A], LATER))

    assert await claiming == {}, "it has to look for the next place"
    assert given_up == {HASH_A}
    assert await metadata.pending([HASH_A]) == {}


async def test_a_claim_that_looked_before_the_statement_was_erased_is_refused(mysql: MysqlDatabase) -> None:
    """W7: it would go on to the next place, and write it there."""
    metadata = await an_orphan(mysql)
    claiming = a_slow_claim(mysql, before_pending=True)
    await asyncio.sleep(0.3)
    await metadata.erase_statement(HASH_A, b"")

    with pytest.raises(ErasedContent):
        await claiming


async def test_two_who_let_go_of_the_same_at_once_count_it_once(mysql: MysqlDatabase) -> None:
    """T4: the second waits until it can be told that there is nothing left to let go of."""
    metadata = SqlMetadata(mysql)
    for entity in (Q1, Q2):
        await metadata.claim(a_claim(A, entity=entity), hash64, NOW)
        await metadata.hold(entity, [HASH_A], an_attempt(1))

    def let_go(connection: Connection) -> set[int]:
        dawdling(connection, "DELETE FROM statement_references")
        return collecting.let_go(connection, Q1, [HASH_A], NOW)

    gone = await asyncio.gather(mysql.write(let_go), mysql.write(let_go))

    assert sorted(gone, key=len) == [set(), {HASH_A}]
    assert (await metadata.find([HASH_A]))[HASH_A].ref_count == 1
