"""`docs/states.md` says what the program does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from storage.admission import admit, protection_met
from storage.changes import (
    Change,
    EndRedirect,
    Protect,
    Protection,
    Restore,
    SetRevision,
    SoftDelete,
    Undelete,
    Undo,
)
from storage.edits import Base, Edit
from storage.errors import RetentionEnded, StorageError
from storage.ids import EntityId
from storage.model import Flags, Head
from tests.builders import NOW
from tests.states.moves import asked, hard_delete, redirect_to, set_text

Q42 = EntityId("Q42")
DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "states.md").read_text(encoding="utf-8")
PICTURE = (DOCS / "states.svg").read_text(encoding="utf-8")

HEADS: Mapping[str, Sequence[Flags | None]] = {
    "missing": [None],
    "normal": [Flags()],
    "archived, locked": [Flags(is_archived=True), Flags(is_locked=True)],
    "redirect": [Flags(is_redirect=True)],
    "soft-deleted": [Flags(is_soft_deleted=True)],
    "hard-deleted": [Flags(is_deleted=True)],
    "released": [Flags(is_deleted=True)],
}
CHANGES: Mapping[str, Sequence[Change]] = {
    "`editEntity`": [set_text(Q42, "two")],
    "`restoreRevision`": [SetRevision(1)],
    "`undoRevision`": [Undo(1)],
    "`createRedirect`": [redirect_to("Q5")],
    "`revertRedirect`": [EndRedirect(1, "an error")],
    "protecting, and lifting it": [Protect(one, on) for one in Protection for on in (True, False)],
    "`deleteEntity`": [SoftDelete("a duplicate")],
    "`undeleteEntity`": [Undelete()],
    "`hardDeleteEntity`": [hard_delete()],
    "`restoreDeletedEntity`": [Restore("an error")],
}
MUTATIONS = [
    "createEntity",
    "editEntity",
    "restoreRevision",
    "undoRevision",
    "createRedirect",
    "revertRedirect",
    "lockEntity",
    "unlockEntity",
    "archiveEntity",
    "unarchiveEntity",
    "semiProtectEntity",
    "liftSemiProtection",
    "massEditProtectEntity",
    "liftMassEditProtection",
    "deleteEntity",
    "undeleteEntity",
    "hardDeleteEntity",
    "approveHardDeletion",
    "restoreDeletedEntity",
    "eraseRevisions",
    "eraseStatement",
]


def table(after: str) -> dict[str, dict[str, str]]:
    """The next table of the page: its cells by row and column."""
    lines = TEXT.split(after, 1)[1].split("\n\n|", 1)[1].split("\n\n", 1)[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


TAKEN = table("## What each state takes")


def answers(edit: Edit, heads: Sequence[Flags | None]) -> set[str]:
    """What is said to the edit on these heads."""
    found = set()
    for flags in heads:
        try:
            admit(edit, Head(Q42, 3, NOW, flags) if flags is not None else None)
            found.add("yes")
        except StorageError as error:
            found.add(f"`{error.code}`")
    return found


def test_the_table_has_every_state_and_change() -> None:
    assert set(TAKEN) == {"`createEntity` under this id", *CHANGES}
    assert {tuple(row) for row in TAKEN.values()} == {tuple(HEADS)}


@pytest.mark.parametrize("state", HEADS)
@pytest.mark.parametrize("what", CHANGES)
def test_each_change_is_answered_as_the_table_says(what: str, state: str) -> None:
    """W6 to W8."""
    found = set().union(*(answers(asked(Q42, change, 3), HEADS[state]) for change in CHANGES[what]))
    said = TAKEN[what][state]
    if said == f"`{RetentionEnded.code}`":
        assert (what, state) == ("`restoreDeletedEntity`", "released")  # the swap says so (test_restoring)
        said = "yes"
    assert found == {said}


@pytest.mark.parametrize("state", HEADS)
def test_a_creation_is_answered_as_the_table_says(state: str) -> None:
    """W2."""
    creation = replace(asked(Q42, set_text(Q42, "two")), base=Base.NOTHING)
    assert answers(creation, HEADS[state]) == {TAKEN["`createEntity` under this id"][state]}


def test_each_protection_stops_whom_the_table_says() -> None:
    """W6."""
    stops = table("Whom a protection stops")
    assert list(stops) == [f"`{one.name.lower()}`" for one in Protection]
    for one in Protection:
        flags = Flags(**{one.value: True})
        met = [
            protection_met(flags, is_mass_edit=mass, autoconfirmed=confirmed)
            for mass, confirmed in ((False, True), (False, False), (True, True))
        ]
        assert list(stops[f"`{one.name.lower()}`"].values()) == ["stopped" if each else "" for each in met]


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_stands_in_the_picture(name: str) -> None:
    assert re.search(rf"\b{name}\b", PICTURE)


def test_the_order_of_the_checks_is_that_of_the_page() -> None:
    """What is gone, protected, unfit and stale at once is told in this order, one after the other cured."""
    stale = asked(Q42, SoftDelete("a duplicate"), 1)
    flags = Flags(is_deleted=True, is_locked=True, is_redirect=True)
    told = [answers(stale, [flags])]
    for cured in ("is_deleted", "is_locked", "is_redirect"):
        flags = replace(flags, **{cured: False})
        told.append(answers(stale, [flags]))
    assert told == [{"`gone`"}, {"`protected`"}, {"`redirected`"}, {"`edit_conflict`"}]
    order = TEXT.split("## In which order")[1].split("\n## ")[0]
    assert [order.index(one) for (one,) in told] == sorted(order.index(one) for (one,) in told)
