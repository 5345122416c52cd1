"""Parts of an entity, the difference of two, and what it does to a third: laws, random and real."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.canonical import canonical
from storage.content import equal, normal_full
from storage.difference import ABSENT, Changed, Difference, difference, laid_over
from storage.model import JsonObject
from storage.parts import Path, owner_of, pointer, put_together, take_apart
from tests.builders import a_lexeme, a_statement, an_item
from tests.real import entities, needs_real

WORDS = st.sampled_from(["x", "y", "z"])
LANGUAGES = st.sampled_from(["en", "de", "fr"])
PROPERTIES = st.sampled_from(["P1", "P2", "P3"])


def maybe(fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[JsonObject]:
    """Objects in which each of the fields may be absent."""
    return st.fixed_dictionaries({}, optional=dict(fields))


def terms(word: st.SearchStrategy[Any] = WORDS) -> st.SearchStrategy[JsonObject]:
    """Words by language."""
    return st.dictionaries(LANGUAGES, word, max_size=3)


statements = st.builds(
    lambda property_id, string, number: a_statement(
        property_id, string=string, id=f"Q42${number}" if number else None
    ),
    PROPERTIES,
    WORDS,
    st.integers(0, 5),
)
claims = st.dictionaries(PROPERTIES, st.lists(statements, max_size=4), max_size=3)


def owners_of(letter: str, words: str) -> st.SearchStrategy[list[JsonObject]]:
    """Forms or senses, no two with one id."""
    one = st.fixed_dictionaries(
        {"id": st.integers(1, 3).map(lambda number: f"L1-{letter}{number}")},
        optional={words: terms(), "claims": claims, "grammaticalFeatures": st.lists(WORDS, max_size=2)},
    )
    return st.lists(one, max_size=3, unique_by=lambda part: part["id"])


entity_json = st.builds(
    lambda fields: {"id": "Q42", "type": "item", **fields},
    maybe(
        {
            "labels": terms(),
            "descriptions": st.one_of(terms(), st.just([])),
            "aliases": terms(st.lists(WORDS, max_size=2)),
            "sitelinks": terms(),
            "claims": claims,
            "forms": owners_of("F", "representations"),
            "senses": owners_of("S", "glosses"),
            "language": WORDS,
            "unknown": st.sampled_from([None, 1, 1.0, True, [], {}]),
        }
    ),
)


def laid(change: Difference, entity: JsonObject) -> JsonObject:
    """The entity with a difference that has no conflict with it."""
    merged, conflicts = laid_over(change, entity)
    assert conflicts == []
    return merged


def unordered(entity: JsonObject) -> JsonObject:
    """The entity with all statements, forms and senses in one order, whatever theirs is."""
    full = normal_full(entity)
    for subject in (full, *full.get("forms", ()), *full.get("senses", ())):
        for group in subject.get("claims", {}).values():
            group.sort(key=canonical)
    for field in ("forms", "senses"):
        full.get(field, []).sort(key=canonical)
    return full


def meet(one: Path, other: Path) -> bool:
    """Whether two changes are of one part, where a form or sense is one with all that is in it."""
    return one == other or one == owner_of(other) or other == owner_of(one)


@given(entity_json)
def test_an_entity_is_the_sum_of_its_parts(entity: JsonObject) -> None:
    """S9: nothing is lost but what `equal` admits."""
    assert equal(put_together(take_apart(entity)), entity)


@given(entity_json, entity_json)
def test_a_difference_leads_from_one_entity_to_the_other(one: JsonObject, other: JsonObject) -> None:
    """W12: order included."""
    merged = laid(difference(one, other), one)
    assert equal(merged, other)
    assert list(merged.get("claims", ())) == list(other.get("claims", ()))


@given(entity_json, entity_json)
def test_an_entity_has_no_difference_to_itself(one: JsonObject, other: JsonObject) -> None:
    """And none changes nothing."""
    none = difference(one, copy.deepcopy(one))
    assert not none
    assert equal(laid(none, other), other)


@given(entity_json, entity_json)
def test_what_is_changed_already_is_changed_no_more(one: JsonObject, other: JsonObject) -> None:
    """W3: equal changes are no conflict."""
    assert equal(laid(difference(one, other), other), other)


@given(entity_json, entity_json, entity_json)
def test_a_conflict_is_what_both_changed_in_two_ways(
    base: JsonObject, mine: JsonObject, theirs: JsonObject
) -> None:
    """W3: of each part that nobody else touched there is no conflict, and of each other there is."""
    change, other = difference(base, mine), difference(base, theirs)
    _, conflicts = laid_over(change, theirs)
    for path, one in change.parts.items():
        met = [there for there in other.parts if meet(path, there)]
        if not met:
            assert path not in conflicts
        elif met == [path]:
            assert (path in conflicts) is (canonical_of(one) != canonical_of(other.parts[path]))
        elif owner_of(path) == path:
            assert path in conflicts  # a form that goes, while others are at work inside it
        else:
            assert (path in conflicts) is (one.new is not ABSENT)  # in a form that is gone


def canonical_of(one: Changed) -> bytes:
    """What a part became, as bytes."""
    return b"" if one.new is ABSENT else canonical(one.new)


@given(entity_json, entity_json, entity_json)
def test_differences_of_different_parts_can_be_laid_over_in_any_order(
    base: JsonObject, one: JsonObject, other: JsonObject
) -> None:
    """W3: but for the order of what both added or moved in one place: there the later has its way."""
    first, second = difference(base, one), disjoint(difference(base, other), difference(base, one))
    here = laid(second, laid(first, base))
    there = laid(first, laid(second, base))
    assert equal(unordered(here), unordered(there))
    if not first.orders.keys() & second.orders.keys():
        assert equal(here, there)


def disjoint(change: Difference, other: Difference) -> Difference:
    """The change without those of its parts that the other changes in another way."""

    def agrees(path: Path) -> bool:
        theirs = namesakes(path, other)
        return theirs in ({}, namesakes(path, change)) and not any(
            path != its and meet(path, its) for its in other.parts
        )

    return Difference({path: one for path, one in change.parts.items() if agrees(path)}, change.orders)


def namesakes(path: Path, change: Difference) -> dict[Path, bytes]:
    """What becomes of a part, and of others of one name: numbered, they are what they are only together."""
    return {
        one: canonical_of(changed)
        for one, changed in change.parts.items()
        if one[:-1] == path[:-1] and one[-1].split(" ")[0] == path[-1].split(" ")[0]
    }


@given(entity_json, entity_json)
def test_the_input_is_not_changed(one: JsonObject, other: JsonObject) -> None:
    """All is plain data that others may share."""
    before = copy.deepcopy((one, other))
    laid(difference(one, other), one)
    assert (one, other) == before


def order(entity: JsonObject) -> list[str]:
    """The strings of the statements of P1."""
    return [one["mainsnak"]["datavalue"]["value"] for one in entity["claims"]["P1"]]


def listed(*strings: str) -> JsonObject:
    """An item with these statements of P1, each under an id of its own."""
    item = an_item()
    for string in strings:
        item = item.with_statement("P1", string=string, id=f"Q42${string}")
    return item.json()


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("ab", "abM", "abT", "abTM"),
        ("ab", "Mab", "Tab", "MTab"),
        ("ab", "aMb", "aTb", "aMTb"),
        ("ab", "ba", "ab", "ba"),
        ("abc", "cab", "abTc", "caTb"),
        ("abc", "ab", "abTc", "abT"),
        ("abc", "abc", "cba", "cba"),
        ("ab", "Mb", "Tab", "MTb"),
        ("a", "", "T", "T"),
        ("a", "aM", "", "M"),
    ],
)
def test_order_is_kept_as_well_as_can_be(base: str, mine: str, theirs: str, merged: str) -> None:
    """What is added stands behind what it stood behind; what nobody moved keeps its order."""
    assert order(laid(difference(listed(*base), listed(*mine)), listed(*theirs))) == list(merged)


def test_a_group_that_went_comes_back_with_what_is_added_to_it() -> None:
    """W3: the last statement of a property is removed, while somebody adds another."""
    two = an_item().with_statement("P2", string="b", id="Q42$b")
    base = two.with_statement("P1", string="a", id="Q42$a")
    mine = base.with_statement("P1", string="M", id="Q42$M")

    merged = laid(difference(base.json(), mine.json()), two.json())

    assert equal(merged, two.with_statement("P1", string="M", id="Q42$M").json())


def test_a_form_that_goes_while_somebody_is_at_work_in_it_is_a_conflict() -> None:
    """W3: whichever comes first, no half of a form is left."""
    base = a_lexeme().with_form(1).json()
    gone, worked = a_lexeme().json(), a_lexeme().with_form(1).with_part_statement("L1-F1", "P1").json()

    assert laid_over(difference(base, gone), worked) == (worked, [("forms", "L1-F1")])
    left, conflicts = laid_over(difference(base, worked), gone)
    assert left == gone
    assert {path[:4] for path in conflicts} == {("forms", "L1-F1", "claims", "P1")}


def test_two_new_forms_with_one_id_are_a_conflict() -> None:
    """W3: they are two forms, though no language is in both."""
    base = a_lexeme().json()
    mine, theirs = (a_lexeme().with_form(1, language=one).json() for one in ("en", "de"))

    assert laid_over(difference(base, mine), theirs) == (theirs, [("forms", "L1-F1")])


def test_equal_statements_without_id_are_kept_apart() -> None:
    """S9: each counts, old imports have them."""
    one = an_item().with_statement("P1", id=None).json()
    three = (
        an_item()
        .with_statement("P1", id=None)
        .with_statement("P1", id=None)
        .with_statement("P1", id=None)
        .json()
    )

    assert len(difference(one, three).told()) == 2
    assert equal(laid(difference(three, one), three), one)


def test_what_is_told_of_a_difference_is_its_parts() -> None:
    """Not the group that came with its first statement."""
    old, new = (
        an_item().with_label("en", "a"),
        an_item().with_label("en", "b").with_statement("P1", id="Q42$1"),
    )

    assert difference(old.json(), new.json()).told() == {
        ("labels", "en"): Changed({"language": "en", "value": "a"}, {"language": "en", "value": "b"}),
        ("claims", "P1", "Q42$1"): Changed(ABSENT, a_statement("P1", id="Q42$1")),
    }


def test_numbers_that_are_written_otherwise_are_different() -> None:
    """S9: 1, 1.0 and true are equal to Python alone."""
    one = an_item().with_field("x", 1).json()
    other = an_item().with_field("x", 1.0).json()

    assert difference(one, other).parts == {("x",): Changed(1, 1.0)}


def test_a_path_is_told_as_a_pointer() -> None:
    """RFC 6901."""
    assert pointer(("claims", "P1", "Q42$a/b~c")) == "/claims/P1/Q42$a~1b~0c"


def mutated(entity: JsonObject, number: int) -> JsonObject:
    """The entity with every third term, sitelink and statement gone or changed, and one property turned round."""
    full = copy.deepcopy(entity)
    for name in ("labels", "descriptions", "sitelinks", "claims", "lemmas"):
        held: Any = full.get(name)
        for key in sorted(held)[number::3] if isinstance(held, dict) else ():
            if number == 0:
                del held[key]
            elif name == "claims":
                held[key].reverse()
                held[key][0] = {**held[key][0], "rank": "deprecated"}
            else:
                held[key] = {**held[key], "value": "changed"}
    if number == 2 and isinstance(full.get("claims"), dict):
        full["claims"] = {**full["claims"], "P1": [a_statement("P1", id="Q42$new")]}
    for part in full.get("forms") or ():
        part["representations"] = {
            **dict(part["representations"]),
            "de": {"language": "de", "value": str(number)},
        }
    return full


def pairs() -> Iterator[tuple[JsonObject, JsonObject]]:
    """Real entities with what they could become, and with what they were at another time."""
    times: dict[str, list[JsonObject]] = defaultdict(list)
    for number, (_, entity) in enumerate(entities()):
        times[entity["id"]].append(entity)
        yield entity, mutated(entity, number % 3)
    for seen in times.values():
        yield from pairwise(seen)


@needs_real
def test_real_entities_obey_the_laws() -> None:
    """W12: of every type and time."""
    count = 0
    for one, other in pairs():
        count += 1
        change = difference(one, other)
        assert equal(laid(change, one), other), one["id"]
        assert laid_over(change, other)[1] == [], one["id"]
        assert not difference(other, other), one["id"]
    assert count > 1400


@needs_real
def test_of_two_changes_of_a_real_entity_nothing_is_lost() -> None:
    """W3: what either changed is in the end, or told as conflict."""
    conflicting = 0
    for _, base in entities()[::5]:
        mine, theirs = difference(base, mutated(base, 1)), difference(base, mutated(base, 2))
        merged, conflicts = laid_over(mine, mutated(base, 2))
        done = difference(base, merged).parts
        assert {
            path: one for path, one in mine.parts.items() if path not in conflicts
        }.items() <= done.items()
        assert theirs.parts.items() <= done.items()
        conflicting += bool(conflicts)
    assert conflicting > 3
