"""Edits as values: what they are refused for by themselves, and what they make of the content (W10)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.changes import RESERVED_EDIT_TYPES, SetContent, SetRedirect
from storage.edits import Base, Edit, faults_of, is_unicode, new_faults, refuse
from storage.errors import Fault, Invalid
from storage.ids import EntityId
from storage.model import EditInfo
from tests.builders import EntityBuilder, a_lexeme, an_item

Q42 = EntityId("Q42")


def an_edit(entity: EntityBuilder | None = None, **info: Any) -> Edit:
    change = SetContent((entity or an_item("Q42")).json())
    return Edit(Q42, Base.NOTHING, change, EditInfo("Alice", **info))


def a_redirect(**info: Any) -> Edit:
    return Edit(Q42, 1, SetRedirect(EntityId("Q5")), EditInfo("Alice", **info))


def told(edit: Edit) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults_of(edit)]


def test_an_edit_with_nothing_wrong_has_no_faults() -> None:
    assert told(an_edit(summary="x" * 500, edit_type="x" * 100, batch_id="x" * 100)) == []
    assert told(a_redirect()) == []


@pytest.mark.parametrize(
    ("info", "fault"),
    [
        ({"summary": "x" * 501}, ("/summary", "value_too_long")),
        ({"edit_type": "x" * 101}, ("/editType", "value_too_long")),
        ({"batch_id": "x" * 101}, ("/batchId", "value_too_long")),
        ({"summary": "\ud800"}, ("/summary", "invalid_unicode")),
        ({"edit_type": "\ud800"}, ("/editType", "invalid_unicode")),
        ({"batch_id": "\ud800"}, ("/batchId", "invalid_unicode")),
    ],
)
def test_a_text_of_an_edit_that_can_not_be_kept_is_a_fault(
    info: dict[str, Any], fault: tuple[str, str]
) -> None:
    """W9: of redirects too."""
    assert told(an_edit(**info)) == [fault]
    assert told(a_redirect(**info)) == [fault]


@pytest.mark.parametrize("edit_type", sorted(RESERVED_EDIT_TYPES))
def test_a_reserved_edit_type_is_refused_in_an_edit_of_content(edit_type: str) -> None:
    """W9: free text must not forge a lock or a deletion."""
    assert told(an_edit(edit_type=edit_type)) == [("/editType", "reserved_edit_type")]


def test_all_faults_are_told_at_once() -> None:
    """W10."""
    edit = an_edit(an_item("Q42").with_label("en", ""), summary="x" * 501, edit_type="lock-added")

    assert {pointer.split("/")[1] for pointer, _ in told(edit)} == {"summary", "editType", "labels"}


def test_an_entity_under_another_id_is_refused() -> None:
    """S7."""
    assert told(an_edit(an_item("Q43"))) == [("/id", "entity_id_mismatch")]


@pytest.mark.parametrize(
    ("text", "verdict"), [("", True), ("😀", True), ("\ud83d", False), ("a\udfff", False)]
)
def test_what_can_be_written_as_utf_8_is_unicode(text: str, verdict: bool) -> None:
    assert is_unicode(text) is verdict


def test_a_refusal_carries_all_faults() -> None:
    """W10."""
    faults = [Fault("/a", "one", "text"), Fault("/b", "two", "text")]

    with pytest.raises(Invalid) as invalid:
        refuse(faults)

    assert invalid.value.faults == tuple(faults)
    refuse([])


BASE = (
    an_item("Q42")
    .with_label("en", "x")
    .with_label("de", "y")
    .with_aliases("en", "a", "b")
    .with_sitelink("enwiki", "x")
    .with_statement("P31", item="Q5", id="Q42$1")
    .with_statement("P31", item="Q6", id="Q42$2")
)
LEXEME = (
    a_lexeme("L1")
    .with_form(1)
    .with_form(2)
    .with_part_statement("L1-F1", "P31", item="Q5", id="L1-F1$1")
    .with_sense(1)
)


PLACES = [
    *(
        "/labels",
        "/labels/en/value",
        "/aliases/en/1",
        "/sitelinks/enwiki/title",
        "/lemmas/en/value",
        "/language",
    ),
    *("/claims/P31/0/id", "/claims/P31/1/id", "/forms/0/claims/P31/0/id"),
    *("/forms/0/representations/en", "/forms/1/representations/en", "/senses/0/glosses/en"),
]


def remaining(pointer: str, entity: EntityBuilder, base: EntityBuilder) -> bool:
    """Whether a fault at this place is the edit's own, though the base has such faults everywhere."""
    known = [Fault(place, "code", "text") for place in PLACES]
    return bool(new_faults([Fault(pointer, "code", "text")], entity.json(), base.json(), known))


@pytest.mark.parametrize(
    ("pointer", "entity", "own"),
    [
        ("/labels/en/value", BASE.with_label("de", "new"), False),
        ("/labels/en/value", BASE.with_label("en", "new"), True),
        ("/labels/fr/value", BASE.with_label("fr", "new"), True),
        ("/labels", BASE.with_label("fr", "new"), True),
        ("/labels", BASE.with_description("fr", "new"), False),
        ("/aliases/en/1", BASE.with_aliases("en", "a", "c"), True),
        ("/aliases/en/1", BASE.with_aliases("de", "c"), False),
        ("/sitelinks/enwiki/title", BASE.with_sitelink("enwiki", "z"), True),
        ("/sitelinks/enwiki/title", BASE.with_sitelink("dewiki", "z"), False),
        ("/claims/P31/0/mainsnak", BASE.with_statement("P31", item="Q7", id="Q42$3"), False),
        ("/claims/P31/2/mainsnak", BASE.with_statement("P31", item="Q7", id="Q42$3"), True),
        ("/claims/P31/0/id", BASE.with_field("claims", {"P31": BASE.json()["claims"]["P31"][::-1]}), False),
        ("/claims/P31/0/id", BASE.with_field("claims", {"P32": BASE.json()["claims"]["P31"]}), True),
        ("/claims/P31", BASE.with_statement("P31", item="Q7"), True),
        ("/id", BASE, True),
        ("/type", BASE, True),
        ("", BASE, True),
        ("/unknown", BASE.with_field("unknown", 1), True),
        ("/missing", BASE, True),
    ],
)
def test_only_a_fault_in_what_the_edit_changes_stops_it(
    pointer: str, entity: EntityBuilder, own: bool
) -> None:
    """W10: an old oddity elsewhere stops no edit."""
    assert remaining(pointer, entity, BASE) is own


@pytest.mark.parametrize(
    ("pointer", "entity", "own"),
    [
        ("/forms/0/representations/en", LEXEME.with_lemma("de", "new"), False),
        ("/forms/0/representations/en", LEXEME.with_field("forms", LEXEME.json()["forms"][::-1]), False),
        ("/forms/2/representations/en", LEXEME.with_form(3), True),
        ("/forms/0/claims/P31/0/id", LEXEME.with_part_statement("L1-F1", "P31", item="Q6"), False),
        ("/forms/0/claims/P31/1/id", LEXEME.with_part_statement("L1-F1", "P31", item="Q6"), True),
        ("/senses/0/glosses/en", LEXEME.with_sense(2), False),
        ("/senses/1/glosses/en", LEXEME.with_sense(2), True),
        ("/lemmas/en/value", LEXEME.with_lemma("en", "new"), True),
        ("/language", LEXEME.with_field("language", "Q1"), True),
        ("/language", LEXEME.with_lemma("de", "new"), False),
    ],
)
def test_of_forms_and_senses_too(pointer: str, entity: EntityBuilder, own: bool) -> None:
    """W10: they are known by their ids, wherever they stand."""
    assert remaining(pointer, entity, LEXEME) is own


def test_a_fault_that_the_base_does_not_have_is_the_edits_though_its_part_is_as_it_was() -> None:
    """W10: such as a description that the new label repeats."""
    fault = Fault("/descriptions/en/value", "label_description_same_value", "text")
    base = BASE.with_description("en", "new")
    entity = base.with_label("en", "new")

    assert new_faults([fault], entity.json(), base.json(), []) == [fault]
    assert new_faults([fault], entity.json(), base.json(), [fault]) == []
