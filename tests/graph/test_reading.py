"""What can be asked of an entity, over the samples (Q1-Q3, Q7)."""

from __future__ import annotations

from tests.serving import Asking


async def test_an_entity_tells_its_kind_and_revision(ask: Asking) -> None:
    """Q1"""
    data = await ask.data('{entity(id: "q42") {__typename id type revisionId}}')
    assert data["entity"] == {"__typename": "Item", "id": "Q42", "type": "ITEM", "revisionId": 1}


async def test_statements_are_those_of_the_properties_asked_for(ask: Asking) -> None:
    """Q2"""
    data = await ask.data('{entity(id: "Q42") {statements(properties: ["P31", "P569"]) {propertyId json}}}')
    values = {
        one["propertyId"]: one["json"]["mainsnak"]["datavalue"]["value"]
        for one in data["entity"]["statements"]
    }
    assert values["P31"]["id"] == "Q5"
    assert values["P569"]["time"] == "+1952-03-11T00:00:00Z"
    assert set(values) == {"P31", "P569"}


async def test_statement_ids_come_with_their_statements(ask: Asking) -> None:
    """S9"""
    data = await ask.data(
        '{entity(id: "Q42") {json statements(properties: ["P800", "P31"]) {id propertyId}}}'
    )
    claims = data["entity"]["json"]["claims"]
    for one in data["entity"]["statements"]:
        assert one["id"] in {statement["id"] for statement in claims[one["propertyId"]]}


async def test_counts_and_properties_are_in_order(ask: Asking) -> None:
    """Q3"""
    data = await ask.data('{entity(id: "Q42") {json properties propertyCounts {propertyId count}}}')
    claims = data["entity"]["json"]["claims"]
    assert data["entity"]["properties"] == list(claims)
    assert data["entity"]["propertyCounts"] == [
        {"propertyId": name, "count": len(group)} for name, group in claims.items()
    ]


async def test_labels_come_in_the_languages_asked_for(ask: Asking) -> None:
    """Q9, as far as it goes"""
    query = """{entity(id: "Q42") {... on Item {
        labels(languages: ["ru", "en", "xx"]) {languageCode value} label(languageCode: "en")
        aliases(languages: ["en"]) {languageCode values} description(languageCode: "xx")}}}"""
    item = (await ask.data(query))["entity"]
    assert [one["languageCode"] for one in item["labels"]] == ["ru", "en"]
    assert item["label"] == "Douglas Adams"
    assert item["aliases"][0]["languageCode"] == "en"
    assert item["description"] is None


async def test_a_property_tells_its_data_type(ask: Asking) -> None:
    data = await ask.data('{entity(id: "P31") {... on Property {dataType}}}')
    assert data["entity"]["dataType"] == "wikibase-item"


async def test_a_lexeme_has_lemmas(ask: Asking) -> None:
    data = await ask.data('{entity(id: "L5000000") {__typename ... on Lexeme {lemmas {languageCode}}}}')
    assert data["entity"]["__typename"] == "Lexeme"
    assert data["entity"]["lemmas"]


async def test_a_missing_entity_is_null_with_a_code(ask: Asking) -> None:
    """Q7"""
    answer = await ask('{entity(id: "Q4242") {id}}')
    assert answer["data"] == {"entity": None}
    assert answer["errors"][0]["extensions"]["code"] == "entity_not_found"
    assert answer["errors"][0]["path"] == ["entity"]


async def test_a_missing_revision_names_those_that_are_there(ask: Asking) -> None:
    """Q7"""
    answer = await ask('{entity(id: "Q42", revisionId: 9) {id}}')
    assert answer["errors"][0]["extensions"]["code"] == "revision_not_found"
    assert answer["errors"][0]["extensions"]["available"] == [1]


async def test_a_text_that_is_no_id_is_refused_with_a_hint(ask: Asking) -> None:
    answer = await ask('{entity(id: "Douglas Adams") {id}}')
    assert "not an entity id" in answer["errors"][0]["message"]
    assert "data" not in answer
