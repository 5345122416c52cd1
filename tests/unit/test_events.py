"""Events: what a change is called, and how it is written (E1, E2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from storage.events import RESERVED_EDIT_TYPES, change_type, event_from, event_json
from storage.model import Event
from tests.builders import NOW, an_event

TABLE = {
    "manual-create": "creation",
    "manual-update": "edit",
    "redirect-create": "redirect",
    "redirect-revert": "unredirect",
    "archive-added": "archival",
    "archive-removed": "unarchival",
    "lock-added": "lock",
    "lock-removed": "unlock",
    "soft-delete": "soft_delete",
    "hard-delete": "hard_delete",
}


@pytest.mark.parametrize("parent", [None, 1])
@pytest.mark.parametrize("edit_type", TABLE)
def test_a_known_edit_type_is_called_so(edit_type: str, parent: int | None) -> None:
    """E2: whether or not it is the first revision."""
    assert change_type(edit_type, parent) == TABLE[edit_type]


@pytest.mark.parametrize("edit_type", ["", "undelete", "bot-import", "Manual-Create", "creation"])
def test_any_other_edit_type_is_a_creation_or_an_edit(edit_type: str) -> None:
    """E2: by whether there was a revision before."""
    assert (change_type(edit_type, None), change_type(edit_type, 7)) == ("creation", "edit")


def test_the_known_edit_types_are_reserved_to_the_server() -> None:
    """W9: else free text could forge a lock or a deletion."""
    assert frozenset(TABLE) == RESERVED_EDIT_TYPES


def test_an_event_is_written_so() -> None:
    """E1: the fields and their names; consumers rely on them."""
    assert json.loads(event_json(replace(an_event("Q42", 7), edit_summary="why", bot=True))) == {
        "entity_id": "Q42",
        "revision_id": 7,
        "change_type": "edit",
        "from_revision_id": 6,
        "changed_at": "2026-01-15T10:30:00Z",
        "editor": "Alice",
        "edit_summary": "why",
        "bot": True,
    }


@pytest.mark.parametrize(
    "event",
    [
        an_event("Q42", 1),
        an_event("L1", 2**40, change_type="soft_delete"),
        replace(an_event(), editor="Zoë 😀", edit_summary='"\n\u2028'),
        an_event(at=NOW + timedelta(microseconds=1)),
    ],
)
def test_an_event_is_read_back_equal(event: Event) -> None:
    """E1."""
    text = event_json(event)

    assert event_from(text) == event_from(text.encode()) == event


def test_an_event_is_known_by_entity_revision_and_kind_of_change() -> None:
    """E1: consumers deduplicate by it."""
    assert an_event("Q42", 7).id == "Q42:7:edit"
