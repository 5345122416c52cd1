"""Events: what a change is called, and how it is written (E1, E2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from schemas import load
from storage.events import (
    EVENT_EDIT_TYPES,
    SCHEMA_VERSION,
    change_type,
    event_from,
    event_json,
    event_of,
)
from storage.ids import EntityId
from storage.model import EditInfo, Event, Flags, RevisionFacts
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
    assert frozenset(TABLE) == EVENT_EDIT_TYPES


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


EVENTS = pytest.mark.parametrize(
    "event",
    [
        an_event("Q42", 1),
        an_event("L1", 2**40, change_type="soft_delete"),
        replace(an_event(), editor="Zoë 😀", edit_summary='"\n\u2028'),
        an_event(at=NOW + timedelta(microseconds=1)),
    ],
)


@EVENTS
def test_an_event_is_read_back_equal(event: Event) -> None:
    """E1."""
    text = event_json(event)

    assert event_from(text) == event_from(text.encode()) == event


@EVENTS
def test_an_event_is_valid_by_the_schema_of_its_version(event: Event) -> None:
    """E4"""
    Draft202012Validator(load(f"event/{SCHEMA_VERSION}.json")).validate(json.loads(event_json(event)))


def test_the_schema_names_the_fields_that_are_written_and_the_changes_that_there_are() -> None:
    """E4: another field, or another change, is another version."""
    schema = load("event/1.0.0.json")

    assert set(schema["properties"]) == set(schema["required"]) == set(json.loads(event_json(an_event())))
    assert set(schema["properties"]["change_type"]["enum"]) == {"creation", "edit", *TABLE.values()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entity_id", "q42"),
        ("revision_id", 0),
        ("change_type", "rename"),
        ("from_revision_id", "6"),
        ("changed_at", "2026-01-15 10:30"),
        ("bot", None),
    ],
)
def test_the_schema_refuses_what_is_no_event(field: str, value: object) -> None:
    """E4: it says something."""
    told = json.loads(event_json(an_event())) | {field: value}

    assert not Draft202012Validator(load("event/1.0.0.json")).is_valid(told)


def test_the_event_of_a_revision_is_made_from_its_row() -> None:
    """E4: what was sent is forgotten, and can be told again."""
    edit = EditInfo("Zoë", summary="why", edit_type="lock-added", bot=True)
    row = RevisionFacts(
        entity=EntityId("Q42"),
        revision=7,
        parent=5,
        created_at=NOW,
        edit=edit,
        flags=Flags(),
        content_hash=None,
        content_digest=None,
        size_bytes=1,
        schema_version="1.3.0",
        validation_status="valid",
        validated_at=None,
    )

    assert event_of(row) == Event(EntityId("Q42"), 7, "lock", 5, NOW, "Zoë", "why", True)


def test_an_event_is_known_by_entity_revision_and_kind_of_change() -> None:
    """E1: consumers deduplicate by it."""
    assert an_event("Q42", 7).id == "Q42:7:edit"
