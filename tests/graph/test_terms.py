"""Labels, descriptions, aliases and their like: in which languages, in what order, and what stands in (Q9)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.edits import Base
from storage.ports import Stores
from storage.validation import Level
from tests.builders import a_lexeme, a_property, a_snak, an_item
from tests.commit.making import edit, make, redirect
from tests.graph.over import hard_delete, settle
from tests.serving import Asking

ITEM = (
    an_item("Q1")
    .with_label("de", "Buch")
    .with_label("en", "book")
    .with_label("mul", "Book")
    .with_label("zh-hant", "書")
    .with_description("en", "medium of writing")
    .with_description("de-at", "Ding aus Papier")
    .with_aliases("en", "tome", "volume", "tome")
    .with_aliases("de", "Band")
    .with_aliases("mul", "liber")
)


@pytest.fixture
async def filled(stores: Stores, graph: Asking) -> Asking:
    """The item is there."""
    await make(stores, edit(ITEM, Base.NOTHING))
    return graph


async def _item(ask: Asking, selection: str, **variables: Any) -> dict[str, Any]:
    typed = "($languages: [LanguageCode!])" if variables else ""
    data = await ask.data(f'query {typed} {{item(id: "Q1") {{{selection}}}}}', **variables)
    found: dict[str, Any] = data["item"]
    return found


@pytest.mark.parametrize("kind", ["labels", "descriptions"])
async def test_texts_come_in_the_order_asked_for_and_each_once(filled: Asking, kind: str) -> None:
    """Q9: languages without a text are left out."""
    asked = ["zh-hant", "en", "xx", "de-at", "en", "de", "zh-hant"]
    selection = f"{kind}(languages: $languages) {{languageCode value requestedLanguageCode}}"
    found = (await _item(filled, selection, languages=asked))[kind]
    stored = ITEM.json()[kind]
    there = [code for code in dict.fromkeys(asked) if code in stored]
    assert len(there) > 1
    assert found == [
        {"languageCode": code, "value": stored[code]["value"], "requestedLanguageCode": code}
        for code in there
    ]


async def test_without_languages_all_texts_come(filled: Asking) -> None:
    """Q9"""
    found = await _item(filled, "labels {languageCode} aliases {languageCode} descriptions {languageCode}")
    for kind, texts in found.items():
        assert {text["languageCode"] for text in texts} == set(ITEM.json()[kind])
        assert len(texts) == len(ITEM.json()[kind])


async def test_no_languages_asked_for_is_no_texts(filled: Asking) -> None:
    """Q9: an empty list is not the same as none."""
    selection = "labels(languages: $languages) {value} aliases(languages: $languages) {values}"
    assert await _item(filled, selection, languages=[]) == {"labels": [], "aliases": []}


async def test_aliases_keep_their_order_and_duplicates(filled: Asking) -> None:
    """Q9, S9"""
    found = await _item(
        filled, "aliases(languages: $languages) {languageCode values}", languages=["mul", "fr", "en", "mul"]
    )
    assert found["aliases"] == [
        {"languageCode": "mul", "values": ["liber"]},
        {"languageCode": "en", "values": ["tome", "volume", "tome"]},
    ]


@pytest.mark.parametrize(
    ("asked", "label", "of"),
    [
        ("de", "Buch", "de"),
        ("de-at", "Buch", "de"),
        ("fr", "Book", "mul"),
        ("simple", "book", "en"),
        ("zh-tw", "書", "zh-hant"),
        ("a language of nobody", "Book", "mul"),
    ],
)
async def test_a_label_falls_back_as_in_wikibase(filled: Asking, asked: str, label: str, of: str) -> None:
    """Q9"""
    query = """query ($code: LanguageCode!) {item(id: "Q1") {
      label(languageCode: $code, fallback: true)
      labels(languages: [$code], fallback: true) {languageCode value requestedLanguageCode}
    }}"""
    found = (await filled.data(query, code=asked))["item"]
    assert found["label"] == label
    assert found["labels"] == [{"languageCode": of, "value": label, "requestedLanguageCode": asked}]


@pytest.mark.parametrize(
    ("asked", "description"),
    [("de-at", "Ding aus Papier"), ("fr", "medium of writing"), ("mul", "medium of writing")],
)
async def test_a_description_falls_back_but_never_to_mul(
    filled: Asking, asked: str, description: str
) -> None:
    """Q9: there are no descriptions for all languages at once."""
    query = """query ($code: LanguageCode!) {item(id: "Q1") {
      description(languageCode: $code, fallback: true)
      descriptions(languages: [$code], fallback: true) {value}
    }}"""
    found = (await filled.data(query, code=asked))["item"]
    assert found == {"description": description, "descriptions": [{"value": description}]}


async def test_a_description_in_mul_that_an_import_brought_stands_in_for_none(
    stores: Stores, graph: Asking
) -> None:
    """Q9: it is told where it is asked for, and nowhere else."""
    item = an_item("Q1").with_description("mul", "odd")
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = """{item(id: "Q1") {
      description(languageCode: "fr", fallback: true)  told: description(languageCode: "mul")
    }}"""
    assert await graph.data(query) == {"item": {"description": None, "told": "odd"}}


async def test_fallbacks_are_not_taken_unasked(filled: Asking) -> None:
    """Q9"""
    query = '{item(id: "Q1") {label(languageCode: "fr") description(languageCode: "fr") labels(languages: ["fr"]) {value}}}'
    assert await filled.data(query) == {"item": {"label": None, "description": None, "labels": []}}


async def test_two_languages_may_fall_back_to_one_text(filled: Asking) -> None:
    """Q9: each tells which was asked for."""
    query = """{item(id: "Q1") {
      labels(languages: ["de-ch", "de-at", "de-ch"], fallback: true) {requestedLanguageCode languageCode}
    }}"""
    assert (await filled.data(query))["item"]["labels"] == [
        {"requestedLanguageCode": "de-ch", "languageCode": "de"},
        {"requestedLanguageCode": "de-at", "languageCode": "de"},
    ]


async def test_a_text_is_not_changed_by_being_told_as_a_fallback(filled: Asking) -> None:
    """Q9: what is kept in memory is shared by all who ask."""
    query = """{item(id: "Q1") {
      before: labels(languages: ["fr"], fallback: true) {requestedLanguageCode}
      after: labels(languages: ["mul"]) {requestedLanguageCode}
    }}"""
    found = (await filled.data(query))["item"]
    assert found["after"] == [{"requestedLanguageCode": "mul"}]
    assert found["before"] == [{"requestedLanguageCode": "fr"}]


async def test_fields_of_nobody_in_a_term_say_nothing_of_what_was_asked_for(
    stores: Stores, graph: Asking
) -> None:
    """Q9: an import may have had any."""
    term = {"language": "en", "value": "x", "requested": "fr", "requestedLanguageCode": {"a": 1}}
    item = an_item("Q1").with_field("labels", {"en": term})
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = '{item(id: "Q1") {labels {requestedLanguageCode} fallen: labels(languages: ["de"], fallback: true) {requestedLanguageCode}}}'
    found = (await graph.data(query))["item"]
    assert found["labels"] == [{"requestedLanguageCode": "en"}]
    assert found["fallen"] == [{"requestedLanguageCode": "de"}]


async def test_terms_are_those_of_the_revision_that_is_shown(stores: Stores, graph: Asking) -> None:
    """Q1, Q9"""
    await make(stores, edit(ITEM, Base.NOTHING), edit(ITEM.with_label("en", "newer"), 1))
    query = '{old: item(id: "Q1", revisionId: 1) {...L} new: item(id: "Q1") {...L}} fragment L on Item {label(languageCode: "en")}'
    assert await graph.data(query) == {"old": {"label": "book"}, "new": {"label": "newer"}}


async def test_the_words_of_lexemes_come_in_languages_too(stores: Stores, graph: Asking) -> None:
    """Q9"""
    lexeme = (
        a_lexeme("L1")
        .with_lemma("en-gb", "colour")
        .with_form(1, language="en-gb", text="colours")
        .with_sense(1, language="de", text="Farbe")
    )
    await make(stores, edit(lexeme, Base.NOTHING))
    query = """{lexeme(id: "L1") {
      lemmas(languages: ["en-gb", "de", "en"]) {languageCode value}
      forms {
        representations(languages: ["en"]) {value}
        there: representations(languages: ["en-gb"]) {value}
      }
      senses {
        glosses(languages: ["de-at"]) {value}
        fallen: glosses(languages: ["de-at"], fallback: true) {languageCode requestedLanguageCode value}
        gloss(languageCode: "de-at")
        known: gloss(languageCode: "de-at", fallback: true)
      }
    }}"""
    assert (await graph.data(query))["lexeme"] == {
        "lemmas": [{"languageCode": "en-gb", "value": "colour"}, {"languageCode": "en", "value": "x"}],
        "forms": [{"representations": [], "there": [{"value": "colours"}]}],
        "senses": [
            {
                "glosses": [],
                "fallen": [{"languageCode": "de", "requestedLanguageCode": "de-at", "value": "Farbe"}],
                "gloss": None,
                "known": "Farbe",
            }
        ],
    }


LINK = '... on LabelProvider {label(languageCode: "en") labels {value}} ... on DescriptionProvider {description(languageCode: "en")}'
NOTHING: dict[str, Any] = {"label": None, "labels": [], "description": None}


@pytest.fixture
async def linking(stores: Stores, graph: Asking) -> Asking:
    """An item that links to one that is there, one that redirects to it, one that is gone, and one of nobody."""
    there = an_item("Q2").with_label("en", "there").with_description("en", "and described")
    item = an_item("Q1")
    for target in ("Q2", "Q3", "Q4", "Q99"):
        item = item.with_statement("P1", item=target, qualifiers=[a_snak("P2", to_property="P1")])
    await make(
        stores,
        edit(there, Base.NOTHING),
        edit(an_item("Q3").with_label("en", "was here"), Base.NOTHING),
        redirect("Q3", "Q2", 1),
        edit(an_item("Q4").with_label("en", "secret"), Base.NOTHING),
        edit(a_property("P1").with_label("en", "leads to"), Base.NOTHING),
        edit(item, Base.NOTHING),
    )
    await hard_delete(stores, "Q4")
    await settle(stores)
    return graph


async def test_a_link_tells_the_terms_of_what_is_there(linking: Asking) -> None:
    """Q5, Q7, Q8: of a redirect the target's, of what is missing or gone none, and nothing fails for it."""
    query = f'{{item(id: "Q1") {{statements {{value {{... on ItemValue {{id {LINK}}}}}}}}}}}'
    values = [one["value"] for one in (await linking.data(query))["item"]["statements"]]
    there = {"label": "there", "labels": [{"value": "there"}], "description": "and described"}
    assert values == [
        {"id": "Q2", **there},
        {"id": "Q3", **there},
        {"id": "Q4", **NOTHING},
        {"id": "Q99", **NOTHING},
    ]


async def test_a_property_tells_its_terms_wherever_it_is_named(linking: Asking) -> None:
    """Q8: of a statement, of a qualifier, and as a value; P2 is not here."""
    query = f"""{{item(id: "Q1") {{statements {{
      property {{id dataType {LINK}}}
      qualifiers {{property {{id dataType {LINK}}} value {{... on PropertyValue {{id {LINK}}}}}}}
    }}}}}}"""
    statement = (await linking.data(query))["item"]["statements"][0]
    there = {"label": "leads to", "labels": [{"value": "leads to"}], "description": None}
    assert statement["property"] == {"id": "P1", "dataType": "wikibase-item", **there}
    assert statement["qualifiers"] == [
        {"property": {"id": "P2", "dataType": None, **NOTHING}, "value": {"id": "P1", **there}}
    ]


async def test_labels_of_links_are_those_of_now_also_from_an_old_revision(
    stores: Stores, graph: Asking
) -> None:
    """Q8: an old statement is told with today's words."""
    thing = an_item("Q2").with_label("en", "old")
    await make(
        stores,
        edit(thing, Base.NOTHING),
        edit(an_item("Q1").with_statement("P1", item="Q2"), Base.NOTHING),
        edit(an_item("Q1"), 1),
        edit(thing.with_label("en", "new"), 1),
    )
    query = f'{{item(id: "Q1", revisionId: 1) {{statements {{value {{... on ItemValue {{{LINK}}}}}}}}}}}'
    (statement,) = (await graph.data(query))["item"]["statements"]
    assert statement["value"]["label"] == "new"
