"""Entities taken apart and put together: nothing is lost but what S9 names."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import samples
from storage.canonical import NotCanonical, canonical, digest, hash64
from storage.content import (
    Written,
    body_of,
    content_bytes,
    equal,
    join,
    split,
    with_id,
    with_statement_ids,
)
from storage.model import JsonObject
from tests.builders import EntityBuilder, a_content, a_lexeme, a_property, a_snak, a_statement, an_item
from tests.real import entities, needs_real

SAMPLES = [entity for entity in samples.entities() if "redirect" not in entity]
DERIVED = ("lastrevid", "modified", "pageid", "ns", "title")


def apart_and_together(entity: JsonObject) -> JsonObject:
    """The entity as a store would give it back: rest, hashes and statements each through their bytes."""
    taken = split(entity)
    hashes = {one: hash64(body.canonical) for one, body in taken.bodies.items()}
    content = taken.located(hashes)
    statements = {hashes[one]: json.loads(body.canonical) for one, body in taken.bodies.items()}
    return join(content, statements)


def says_the_same(one: Any, other: Any, *, top: bool = True) -> bool:
    """S9 once more, in other words than `equal`: looser about where `[]` may stand, as strict in all else."""
    if one in ([], {}) and other in ([], {}):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        keys = one.keys() | other.keys()
        if top:
            keys -= set(DERIVED)
        if "snaktype" in keys or "snaks" in keys:
            keys -= {"hash"}
        return all(
            key in one and key in other and says_the_same(one[key], other[key], top=False) for key in keys
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            says_the_same(a, b, top=False) for a, b in zip(one, other, strict=True)
        )
    return type(one) is type(other) and bool(one == other)


def order_of(entity: JsonObject) -> list[Any]:
    """Properties in order, each with its statements' ids in order; the same of forms and senses."""
    subjects = [entity, *(entity.get("forms") or []), *(entity.get("senses") or [])]
    return [
        [
            (name, [one.get("id") for one in group])
            for name, group in dict(subject.get("claims") or {}).items()
        ]
        for subject in subjects
    ]


@pytest.mark.parametrize("entity", SAMPLES, ids=lambda entity: str(entity["id"]))
def test_a_sample_comes_out_equal(entity: JsonObject) -> None:
    """I5, S9."""
    back = apart_and_together(entity)

    assert says_the_same(back, entity)
    assert equal(back, entity)
    assert order_of(back) == order_of(entity)


@pytest.mark.parametrize("entity", SAMPLES, ids=lambda entity: str(entity["id"]))
def test_taking_an_entity_apart_does_not_change_it(entity: JsonObject) -> None:
    before = json.dumps(entity)

    apart_and_together(entity)
    equal(entity, copy.deepcopy(entity))

    assert json.dumps(entity) == before


@pytest.fixture(scope="module")
def real() -> list[tuple[str, JsonObject, JsonObject]]:
    """The real entities, each as it went in and as it came out."""
    return [(name, entity, apart_and_together(entity)) for name, entity in entities()]


@needs_real
def test_every_real_entity_comes_out_equal(real: list[tuple[str, JsonObject, JsonObject]]) -> None:
    """S9, I17: whatever its age."""
    different = [name for name, entity, back in real if not says_the_same(back, entity)]

    assert len(real) > 1000
    assert different == []


@needs_real
def test_every_real_entity_keeps_the_order_of_its_statements(
    real: list[tuple[str, JsonObject, JsonObject]],
) -> None:
    """S9."""
    assert [name for name, entity, back in real if order_of(back) != order_of(entity)] == []


def claims(*statements: tuple[str, str, str | None]) -> JsonObject:
    """An item with string statements: property, value, id."""
    item = an_item("Q42")
    for property_id, text, id_ in statements:
        item = item.with_statement(property_id, string=text, id=id_)
    return item.json()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["P9", "P31", "P10"]), st.sampled_from("ab"), st.sampled_from([None, "x", "y"])
        ),
        max_size=8,
    ),
    st.lists(st.tuples(st.sampled_from(["F", "S"]), st.sampled_from("ab")), max_size=5),
)
def test_any_statements_of_an_entity_and_its_parts_come_out_equal(
    own: list[tuple[str, str, str | None]], of_parts: list[tuple[str, str]]
) -> None:
    """S9: order, duplicates and ids."""
    lexeme = a_lexeme("L1").with_form(1).with_form(2).with_sense(1)
    for property_id, text, id_ in own:
        lexeme = lexeme.with_statement(property_id, string=text, id=id_)
    for kind, text in of_parts:
        lexeme = lexeme.with_part_statement(f"L1-{kind}1", "P5", string=text)
    entity = lexeme.json()

    back = apart_and_together(entity)

    assert back == entity
    assert order_of(back) == order_of(entity)


def test_the_order_of_properties_and_of_statements_is_kept() -> None:
    """S9."""
    entity = claims(("P9", "b", "1"), ("P31", "a", "2"), ("P9", "a", "3"), ("P10", "a", "4"))

    back = apart_and_together(entity)

    assert order_of(back)[0] == [("P9", ["1", "3"]), ("P31", ["2"]), ("P10", ["4"])]


def test_duplicates_are_one_content_and_stay_two_statements() -> None:
    """S9, T2."""
    entity = claims(("P31", "a", "1"), ("P31", "a", "2"), ("P31", "a", None))

    taken = split(entity)

    assert len(taken.bodies) == 1
    [(_, written)] = taken.claims
    [body] = taken.bodies
    assert written == [Written(body, "1"), Written(body, "2"), Written(body, None)]
    assert apart_and_together(entity) == entity


def test_an_empty_group_of_statements_is_kept() -> None:
    """S9."""
    entity = an_item().with_field("claims", {"P31": [], "P5": []}).json()

    assert apart_and_together(entity) == entity


@pytest.mark.parametrize("entity", [an_item(), a_property(), a_lexeme()], ids=["item", "property", "lexeme"])
def test_absent_claims_stay_absent_and_empty_ones_empty(entity: EntityBuilder) -> None:
    """S9."""
    assert "claims" not in apart_and_together(entity.without("claims").json())
    assert apart_and_together(entity.json())["claims"] == {}


def test_absent_claims_of_forms_and_senses_stay_absent_and_empty_ones_empty() -> None:
    """S9."""
    lexeme = a_lexeme("L1").with_form(1).with_form(2).with_sense(1).with_sense(2).json()
    del lexeme["forms"][0]["claims"], lexeme["senses"][1]["claims"]

    back = apart_and_together(lexeme)

    assert ["claims" in part for part in back["forms"] + back["senses"]] == [False, True, True, False]
    assert back == lexeme


def test_a_list_stands_for_an_empty_object_in_older_json() -> None:
    """S9: it comes out as the object it means."""
    lexeme = a_lexeme("L1").with_form(1).with_sense(1).json()
    item = an_item("Q42").json()
    old_item = item | {name: [] for name in ("labels", "descriptions", "aliases", "claims", "sitelinks")}
    old_lexeme = copy.deepcopy(lexeme) | {"claims": []}
    old_lexeme["forms"][0] |= {"claims": [], "representations": []}
    old_lexeme["senses"][0] |= {"claims": [], "glosses": []}
    lexeme["forms"][0]["representations"] = lexeme["senses"][0]["glosses"] = {}

    assert apart_and_together(old_item) == item
    assert apart_and_together(old_lexeme) == lexeme


def test_derived_hashes_are_stripped_and_make_no_difference_to_the_hash() -> None:
    """S9, T1."""
    plain = a_statement(
        "P31", item="Q5", qualifiers=[a_snak("P580", string="a")], references=[[a_snak("P854", string="b")]]
    )
    hashed = copy.deepcopy(plain)
    hashed["mainsnak"]["hash"] = "0" * 40
    hashed["qualifiers"]["P580"][0]["hash"] = "1" * 40
    hashed["references"][0]["hash"] = "2" * 40
    hashed["references"][0]["snaks"]["P854"][0]["hash"] = "3" * 40

    assert body_of(hashed).canonical == body_of(plain).canonical
    assert b"hash" not in body_of(hashed).canonical


def test_the_shared_content_of_a_statement_has_no_id() -> None:
    """T1."""
    assert body_of(a_statement("P31", item="Q5", id="Q42$1")) == body_of(a_statement("P31", item="Q5"))


def test_a_missing_datatype_stays_missing() -> None:
    """S9: it is not guessed from the value."""
    entity = an_item().with_statement("P31", string="x", datatype=None).json()

    assert "datatype" not in apart_and_together(entity)["claims"]["P31"][0]["mainsnak"]


@pytest.mark.parametrize("name", ["qualifiers", "qualifiers-order", "references", "rank"])
def test_an_absent_field_of_a_statement_stays_absent(name: str) -> None:
    """S9: two statements that differ in it have different hashes."""
    full = a_statement(qualifiers=[a_snak("P580")], references=[[a_snak("P854")]])
    bare = {key: value for key, value in full.items() if key != name}

    assert name not in body_of(bare).statement
    assert body_of(bare).digest != body_of(full).digest


def test_a_body_is_its_canonical_bytes_and_their_digest() -> None:
    """T1, T3."""
    body = body_of(a_statement("P31", item="Q5"))

    assert body.canonical == canonical(body.statement)
    assert body.digest == digest(body.canonical)
    assert body.property == "P31"


def test_an_entity_that_could_not_be_stored_is_refused() -> None:
    """W10: a lone surrogate has no UTF-8."""
    with pytest.raises(NotCanonical):
        content_bytes(split(an_item().with_label("en", "\ud800").json()).located({}))
    with pytest.raises(NotCanonical):
        split(an_item().with_statement("P31", string="\ud800").json())


FULL = (
    an_item("Q42")
    .with_label("en", "Adams")
    .with_description("en", "writer")
    .with_aliases("en", "Douglas", "Noël")
    .with_sitelink("enwiki", "Douglas Adams", "Q17437798", "Q17437796")
    .with_statement("P31", item="Q5", id="Q42$1")
    .with_statement("P31", item="Q6", id="Q42$2")
    .with_statement(
        "P69",
        item="Q4961791",
        id="Q42$3",
        qualifiers=[a_snak("P580", string="a"), a_snak("P580", string="b"), a_snak("P582", string="c")],
        references=[[a_snak("P248", item="Q1"), a_snak("P854", string="u")], [a_snak("P854", string="v")]],
    )
    .with_statement("P2048", quantity="+1.96", id="Q42$4")
)
Change = Callable[[JsonObject], object]


def at(*path: str | int) -> Callable[[JsonObject], Any]:
    def found(entity: JsonObject) -> Any:
        value: Any = entity
        for step in path:
            value = value[step]
        return value

    return found


def put(*path: Any) -> Change:
    """Put the last of `path` where the others lead."""
    *where, key, value = path

    def change(entity: JsonObject) -> None:
        at(*where)(entity)[key] = value

    return change


def drop(*path: str | int) -> Change:
    return lambda entity: at(*path[:-1])(entity).pop(path[-1])


def turn(*path: str | int) -> Change:
    """Reverse a list, or the keys of an object."""

    def change(entity: JsonObject) -> None:
        value = at(*path)(entity)
        if isinstance(value, list):
            value.reverse()
        else:
            pairs = list(value.items())[::-1]
            value.clear()
            value.update(pairs)

    return change


ADMITTED: dict[str, Change] = {
    **{f"derived {name}": put(name, 7) for name in DERIVED},
    "key order of the entity": turn(),
    "key order of labels": turn("labels", "en"),
    "key order of claims": turn("claims"),
    "key order of a statement": turn("claims", "P69", 0),
    "key order of qualifiers": turn("claims", "P69", 0, "qualifiers"),
    "key order of a reference": turn("claims", "P69", 0, "references", 0, "snaks"),
    "hash of a main snak": put("claims", "P31", 0, "mainsnak", "hash", "0"),
    "hash of a qualifier": put("claims", "P69", 0, "qualifiers", "P580", 1, "hash", "0"),
    "hash of a reference": put("claims", "P69", 0, "references", 0, "hash", "0"),
    "hash of a part": put("claims", "P69", 0, "references", 0, "snaks", "P854", 0, "hash", "0"),
}
REFUSED: dict[str, Change] = {
    "a label": put("labels", "en", "value", "Adam"),
    "the case of a label": put("labels", "en", "value", "adams"),
    "the normal form of an alias": put("aliases", "en", 1, "value", "Noe\u0308l"),
    "an absent label": drop("labels", "en"),
    "absent labels": drop("labels"),
    "absent claims": drop("claims"),
    "absent sitelinks": drop("sitelinks"),
    "the order of aliases": turn("aliases", "en"),
    "the order of badges": turn("sitelinks", "enwiki", "badges"),
    "the title of a sitelink": put("sitelinks", "enwiki", "title", "x"),
    "a url of a sitelink": put("sitelinks", "enwiki", "url", "x"),
    "the id": put("id", "Q43"),
    "the type": put("type", "property"),
    "an unknown field": put("unknown", None),
    "the order of statements": turn("claims", "P31"),
    "a duplicate": lambda entity: entity["claims"]["P31"].append(entity["claims"]["P31"][0]),
    "an absent statement": drop("claims", "P31", 1),
    "an absent group": drop("claims", "P2048"),
    "an empty group": put("claims", "P9", []),
    "a statement id": put("claims", "P31", 0, "id", "Q42$9"),
    "the case of a statement id": put("claims", "P31", 0, "id", "q42$1"),
    "an absent statement id": drop("claims", "P31", 0, "id"),
    "a rank": put("claims", "P31", 0, "rank", "preferred"),
    "an absent rank": drop("claims", "P31", 0, "rank"),
    "an absent datatype": drop("claims", "P31", 0, "mainsnak", "datatype"),
    "a value": put("claims", "P31", 0, "mainsnak", "datavalue", "value", "id", "Q7"),
    "an absent numeric id": drop("claims", "P31", 0, "mainsnak", "datavalue", "value", "numeric-id"),
    "a number as float": put("claims", "P31", 0, "mainsnak", "datavalue", "value", "numeric-id", 5.0),
    "a snaktype": put("claims", "P31", 0, "mainsnak", "snaktype", "somevalue"),
    "an amount written otherwise": put(
        "claims", "P2048", 0, "mainsnak", "datavalue", "value", "amount", "+1.960"
    ),
    "a hash inside a value": put("claims", "P31", 0, "mainsnak", "datavalue", "value", "hash", "0"),
    "a hash of a statement": put("claims", "P31", 0, "hash", "0"),
    "the order of qualifiers": turn("claims", "P69", 0, "qualifiers", "P580"),
    "qualifiers-order": turn("claims", "P69", 0, "qualifiers-order"),
    "absent qualifiers-order": drop("claims", "P69", 0, "qualifiers-order"),
    "absent qualifiers": drop("claims", "P69", 0, "qualifiers"),
    "the order of references": turn("claims", "P69", 0, "references"),
    "snaks-order": turn("claims", "P69", 0, "references", 0, "snaks-order"),
    "absent references": drop("claims", "P69", 0, "references"),
    "empty references": put("claims", "P31", 0, "references", []),
    "empty qualifiers": put("claims", "P31", 0, "qualifiers", {}),
}


def changed(change: Change) -> JsonObject:
    entity = FULL.json()
    change(entity)
    return entity


@pytest.mark.parametrize("what", ADMITTED)
def test_equal_admits(what: str) -> None:
    """S9: key order and what is derived."""
    assert equal(FULL.json(), changed(ADMITTED[what]))


@pytest.mark.parametrize("what", REFUSED)
def test_equal_does_not_admit(what: str) -> None:
    """S9: and nothing else."""
    assert not equal(FULL.json(), changed(REFUSED[what]))


@pytest.mark.parametrize("what", REFUSED)
def test_what_equal_does_not_admit_comes_out_as_it_went_in(what: str) -> None:
    """S9."""
    entity = changed(REFUSED[what])

    assert apart_and_together(entity) == entity


@pytest.mark.parametrize(
    ("name", "empty", "other", "verdict"),
    [
        ("labels", {}, [], True),
        ("descriptions", {}, [], True),
        ("aliases", {}, [], True),
        ("claims", {}, [], True),
        ("sitelinks", {}, [], True),
        ("labels", {}, None, False),
        ("aliases", {"en": []}, {}, False),
        ("aliases", {"en": []}, {"en": {}}, False),
        ("unknown", {}, [], False),
        ("unknown", {}, None, False),
    ],
)
def test_a_list_equals_an_empty_object_where_an_object_must_stand(
    name: str, empty: Any, other: Any, verdict: bool
) -> None:
    """S9."""
    one, another = an_item().with_field(name, empty).json(), an_item().with_field(name, other).json()

    assert equal(one, another) is verdict


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ({"qualifiers": {}}, {"qualifiers": []}, True),
        ({"references": [{"snaks": {}}]}, {"references": [{"snaks": []}]}, True),
        ({"references": []}, {"references": {}}, False),
        ({"references": []}, {"references": None}, False),
        ({"qualifiers": {}}, {"qualifiers": None}, False),
    ],
)
def test_a_list_equals_an_empty_object_in_statements_too(
    one: JsonObject, other: JsonObject, verdict: bool
) -> None:
    """S9: never the other way round, and nothing is no list."""
    entities_ = [
        an_item().with_field("claims", {"P31": [a_statement("P31", item="Q5") | fields]}).json()
        for fields in (one, other)
    ]

    assert equal(*entities_) is verdict


def test_forms_and_senses_are_compared_like_entities() -> None:
    """S9: `[]`, derived hashes and ids inside them."""
    lexeme = a_lexeme("L1").with_form(1).with_part_statement("L1-F1", "P31", item="Q5").with_sense(1)
    same, different = lexeme.json(), lexeme.json()
    same["forms"][0]["claims"]["P31"][0]["mainsnak"]["hash"] = "0"
    same["senses"][0]["claims"] = []
    different["forms"][0]["claims"]["P31"][0]["id"] = "L1-F1$1"

    assert equal(lexeme.json(), same)
    assert not equal(lexeme.json(), different)


def test_the_order_of_forms_makes_a_difference() -> None:
    """S9."""
    lexeme = a_lexeme("L1").with_form(1).with_form(2).json()

    assert not equal(lexeme, {**lexeme, "forms": lexeme["forms"][::-1]})


CONTENTS = {
    "a label": a_content(an_item("Q42").with_label("en", "x").json(), [("P31", [(1, "a"), (2, "b")])]),
    "a hash": a_content(an_item("Q42").json(), [("P31", [(1, "a"), (3, "b")])]),
    "an id": a_content(an_item("Q42").json(), [("P31", [(1, "a"), (2, None)])]),
    "the order": a_content(an_item("Q42").json(), [("P31", [(2, "b"), (1, "a")])]),
    "the property": a_content(an_item("Q42").json(), [("P32", [(1, "a"), (2, "b")])]),
    "the grouping": a_content(an_item("Q42").json(), [("P31", [(1, "a")]), ("P32", [(2, "b")])]),
    "an empty group": a_content(an_item("Q42").json(), [("P31", [(1, "a"), (2, "b")]), ("P9", [])]),
    "a part": a_content(an_item("Q42").json(), [], {"L1-F1": [("P31", [(1, "a"), (2, "b")])]}),
    "another part": a_content(an_item("Q42").json(), [], {"L1-F2": [("P31", [(1, "a"), (2, "b")])]}),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_contents_that_differ_have_different_bytes(what: str) -> None:
    """W4: a write is unchanged only if nothing differs."""
    plain = a_content(an_item("Q42").json(), [("P31", [(1, "a"), (2, "b")])])
    others = [content_bytes(content) for name, content in CONTENTS.items() if name != what]

    assert content_bytes(CONTENTS[what]) not in [content_bytes(plain), *others]


def test_the_bytes_of_content_do_not_depend_on_the_order_of_keys() -> None:
    """W4."""
    entity = an_item("Q42").with_label("en", "x").json()

    assert content_bytes(a_content(entity)) == content_bytes(a_content(dict(reversed(entity.items()))))


def test_a_statement_is_given_back_in_wikibases_order_of_keys() -> None:
    """The order carries no meaning; readers of JSON like the usual one."""
    statement = a_statement(qualifiers=[a_snak("P580")], references=[[a_snak("P854")]])

    assert list(with_id(json.loads(body_of(statement).canonical), "Q42$1")) == [
        "mainsnak",
        "type",
        "qualifiers",
        "qualifiers-order",
        "id",
        "rank",
        "references",
    ]


def test_statements_without_an_id_are_given_new_ones() -> None:
    """Of their subject: the entity, the form or the sense; others keep theirs."""
    lexeme = (
        a_lexeme("L1")
        .with_statement("P31", id=None)
        .with_statement("P31", id="L1$old")
        .with_form(1)
        .with_part_statement("L1-F1", "P31", id=None)
        .with_sense(1)
        .with_part_statement("L1-S1", "P31", id=None)
        .json()
    )
    before = json.dumps(lexeme)

    given = with_statement_ids(lexeme, iter([f"NEW-{number}" for number in range(9)]))

    assert order_of(given) == [
        [("P31", ["L1$NEW-0", "L1$old"])],
        [("P31", ["L1-F1$NEW-1"])],
        [("P31", ["L1-S1$NEW-2"])],
    ]
    assert json.dumps(lexeme) == before
