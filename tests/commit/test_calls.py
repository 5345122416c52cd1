"""What an edit costs, as a table: the calls of the stores, and the transactions that they come to.

An edit's answer waits for these calls one after another, so that a new one is a decision, not an accident. What
the drivers send for them is in `test_costs`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event

from storage import times
from storage.commit import Outcome
from storage.derive import derive
from storage.edits import Base, Edit
from storage.ports import Stores
from storage.relay import settle
from tests.builders import a_key, an_item
from tests.commit.making import edit, make, redirect
from tests.faults import Faults
from tests.places import EMBEDDED

BEGUN = an_item().with_label("en", "one").with_statement("P1", string="a").with_statement("P2", item="Q5")
RELABELLED = BEGUN.with_label("en", "two")
RESTATED = BEGUN.with_statement("P1", string="b")
CREATED = (
    an_item("Q43")
    .with_statement("P1", string="a")
    .with_statement("P1", string="c")
    .with_statement("P2", item="Q6")
)

HEADS, CLAIM, PUT, COMMIT = "metadata.heads", "metadata.claim", "objects.put_absent", "metadata.commit"
REGISTER, RESERVE, LANDED = "metadata.register", "metadata.reserve", "metadata.landed"
HOLD, TAG, MARK = "metadata.hold", "objects.tag", "metadata.mark"
RELINK = ["metadata.relink", "metadata.find"]
"""Links are drawn, then it is looked whether their statements were erased meanwhile."""
WRITE = [HEADS, CLAIM, PUT, COMMIT]

EDITS: dict[str, tuple[Edit, list[str], list[str]]] = {
    "a label": (edit(RELABELLED, 1), WRITE, [TAG, MARK]),
    "a statement": (edit(RESTATED, 1), WRITE, [HOLD, TAG, MARK]),
    "a statement removed": (
        edit(an_item().with_label("en", "one"), 1),
        WRITE,
        ["objects.get", *RELINK, TAG, MARK],
    ),
    "a creation": (
        edit(CREATED, Base.NOTHING),
        [HEADS, CLAIM, REGISTER, PUT, COMMIT],
        [HOLD, *RELINK, TAG, MARK],
    ),
    "nothing": (edit(BEGUN, 1), [HEADS, CLAIM], []),
    "a label under a key": (edit(RELABELLED, 1, a_key()), [RESERVE, *WRITE], [TAG, MARK]),
    "a label under a key, on whatever is the head": (
        edit(RELABELLED, Base.HEAD, a_key()),
        [RESERVE, HEADS, LANDED, *WRITE[1:]],
        [TAG, MARK],
    ),
    "a redirect": (
        redirect("Q42", "Q5", 1, revives=True),
        [HEADS, CLAIM, "metadata.reserve_target", PUT, COMMIT, "metadata.release_target"],
        ["objects.get", RELINK[0], "metadata.redirect", RELINK[1], TAG, MARK],
    ),
}

TRANSACTIONS: dict[str, dict[str, int]] = {
    "a label": {"read": 1, "written": 2},
    "a statement": {"read": 1, "written": 3},
    "nothing": {"read": 1},
    "a label under a key": {"read": 1, "written": 3},
}


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores at rest, with a first revision of the item."""
    await make(stores, edit(BEGUN, Base.NOTHING))
    await settle(stores, clock=times.now)
    return stores


@pytest.mark.parametrize("what", EDITS)
async def test_an_edit_makes_these_calls_and_no_other(begun: Stores, what: str) -> None:
    """W1, in order; then those of what it owes, after the answer."""
    asked, written, derived = EDITS[what]
    faults = Faults()
    outcome = await make(faults.wrap(begun), asked)
    assert faults.verbs() == written
    faults.calls.clear()
    await _derive(outcome, faults.wrap(begun))
    assert faults.verbs() == derived


async def _derive(outcome: Outcome, stores: Stores) -> None:
    if outcome.owed is not None:
        await derive(outcome.owed, stores)


@pytest.mark.parametrize("engine", [EMBEDDED], indirect=True)
@pytest.mark.parametrize("what", TRANSACTIONS)
async def test_an_edit_comes_to_these_transactions(begun: Stores, what: str) -> None:
    """Of an edit that shares its commits with nobody: one for each call, and no second for a look before."""
    with _transactions() as counted:
        await make(begun, EDITS[what][0])
    assert counted == TRANSACTIONS[what]


@pytest.mark.parametrize("engine", [EMBEDDED], indirect=True)
async def test_a_creation_comes_to_four_transactions_at_most(begun: Stores) -> None:
    """W2: claiming statements and registering the id go out together, and so may share a commit."""
    with _transactions() as counted:
        await make(begun, EDITS["a creation"][0])
    assert counted["read"] == 1
    assert counted["written"] in (3, 4)


async def test_the_calls_of_an_edit_do_not_grow_with_the_entity(begun: Stores) -> None:
    """T5: an entity of 300 statements is edited by as many calls and transactions as one of three."""
    counts = []
    for size in (3, 300):
        item = an_item(f"Q{1000 + size}")
        for number in range(size):
            item = item.with_statement("P1", string=f"{number}")
        await make(begun, edit(item, Base.NOTHING))
        faults = Faults()
        with _transactions() as counted:
            await make(faults.wrap(begun), edit(item.with_statement("P1", string=f"new {size}"), 1))
        counts.append((faults.verbs(), counted))
    assert counts[0] == counts[1]


@contextmanager
def _transactions() -> Iterator[Counter[str]]:
    """Counts what the driver is given: the transactions that wrote, and the reads beside them, which need none."""
    counted: Counter[str] = Counter()
    one_at_a_time = threading.Lock()

    def execute(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        is_writer = threading.current_thread().name == "sqlite-write"
        if statement == "BEGIN IMMEDIATE" or (statement.startswith("SELECT") and not is_writer):
            with one_at_a_time:
                counted["written" if is_writer else "read"] += 1

    event.listen(Engine, "before_cursor_execute", execute)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
