"""Create and edit through the graph: the result or a typed refusal (W2-W4, W9, W10, W4's key)."""

from __future__ import annotations

from typing import Any

from tests.builders import an_item
from tests.serving import Asking

RESULT = """
  __typename
  ... on Edited {entityId revisionId created unchanged warnings {pointer code} entity {json}}
  ... on Refusal {code message retryable}
  ... on EditConflict {expected found entity {revisionId}}
  ... on EditInvalid {faults {pointer code message}}
"""
CREATE = f"mutation ($entity: Json!, $meta: EditMeta! = {{}}) {{createEntity(input: {{entity: $entity, meta: $meta}}) {{{RESULT}}}}}"
EDIT = f"""mutation ($id: EntityId!, $base: Int!, $entity: Json!, $meta: EditMeta! = {{}}) {{
  editEntity(input: {{id: $id, baseRevisionId: $base, entity: $entity, meta: $meta}}) {{{RESULT}}}}}"""


def new_item(label: str = "A new thing") -> dict[str, Any]:
    entity = an_item("Q1").with_label("en", label).with_statement("P31", item="Q5").json()
    del entity["id"]
    for group in entity["claims"].values():
        for statement in group:
            del statement["id"]
    return entity


async def create(ask: Asking, entity: Any, **variables: Any) -> dict[str, Any]:
    result: dict[str, Any] = (await ask.data(CREATE, entity=entity, **variables))["createEntity"]
    return result


async def edit(ask: Asking, **variables: Any) -> dict[str, Any]:
    result: dict[str, Any] = (await ask.data(EDIT, **variables))["editEntity"]
    return result


async def test_a_created_entity_has_an_id_above_the_floor(ask: Asking) -> None:
    """W2, I12"""
    made = await create(ask, new_item())
    assert made["__typename"] == "Edited"
    assert made["created"]
    assert made["revisionId"] == 1
    assert int(made["entityId"][1:]) >= 300_000_000


async def test_statements_without_id_are_given_one(ask: Asking) -> None:
    made = await create(ask, new_item())
    (statement,) = made["entity"]["json"]["claims"]["P31"]
    assert statement["id"].startswith(f"{made['entityId']}$")


async def test_an_edit_makes_the_next_revision(ask: Asking) -> None:
    """W1"""
    before = (await ask.data('{entity(id: "Q42") {json}}'))["entity"]["json"]
    before["labels"]["en"]["value"] = "Douglas Noel Adams"
    made = await edit(ask, id="Q42", base=1, entity=before)
    assert (made["revisionId"], made["unchanged"]) == (2, False)
    after = await ask.data('{entity(id: "Q42") {... on Item {label(languageCode: "en")}}}')
    assert after["entity"]["label"] == "Douglas Noel Adams"


async def test_the_old_revision_stays_as_it_was(ask: Asking) -> None:
    """I4"""
    before = (await ask.data('{entity(id: "Q42") {json}}'))["entity"]["json"]
    changed = {**before, "labels": {}}
    await edit(ask, id="Q42", base=1, entity=changed)
    again = await ask.data('{entity(id: "Q42", revisionId: 1) {json}}')
    assert again["entity"]["json"] == before


async def test_an_equal_edit_makes_no_revision(ask: Asking) -> None:
    """W4"""
    before = (await ask.data('{entity(id: "Q42") {json}}'))["entity"]["json"]
    made = await edit(ask, id="Q42", base=1, entity=before)
    assert (made["revisionId"], made["unchanged"]) == (1, True)


async def test_a_stale_base_is_a_conflict_with_the_head(ask: Asking) -> None:
    """W3"""
    before = (await ask.data('{entity(id: "Q42") {json}}'))["entity"]["json"]
    await edit(ask, id="Q42", base=1, entity={**before, "labels": {}})
    late = await edit(ask, id="Q42", base=1, entity={**before, "aliases": {}})
    assert late["__typename"] == "EditConflict"
    assert (late["expected"], late["found"], late["entity"]["revisionId"]) == (1, 2, 2)
    assert late["code"] == "edit_conflict"


async def test_all_faults_are_told_at_once(ask: Asking) -> None:
    """W10"""
    wrong = new_item()
    wrong["labels"]["en"]["value"] = " spaces around "
    wrong["descriptions"] = {"mul": {"language": "mul", "value": "not allowed"}}
    refused = await create(ask, wrong)
    assert refused["__typename"] == "EditInvalid"
    pointers = {fault["pointer"] for fault in refused["faults"]}
    assert "/labels/en/value" in pointers
    assert any(pointer.startswith("/descriptions") for pointer in pointers)


async def test_a_refused_creation_stores_nothing(ask: Asking) -> None:
    """W10"""
    refused = await create(ask, {"type": "item", "labels": 7})
    assert refused["__typename"] == "EditInvalid"
    made = await create(ask, new_item())
    assert made["entityId"] == "Q300000000", "the refused one took no id"


async def test_any_json_as_content_is_refused_and_not_an_error(ask: Asking) -> None:
    contents: list[Any] = [7, "x", [], {}, {"type": None}, {"type": "mediainfo"}, {"type": []}]
    for content in [*contents, {"type": "lexeme", "forms": [7]}, {"type": "item", "claims": {"P31": [7]}}]:
        refused = await create(ask, content)
        assert refused["__typename"] == "EditInvalid", content


async def test_a_reference_to_nothing_is_warned_of(ask: Asking) -> None:
    """W10"""
    entity = new_item()
    entity["claims"]["P31"][0]["mainsnak"]["datavalue"]["value"]["id"] = "Q4040404"
    del entity["claims"]["P31"][0]["mainsnak"]["datavalue"]["value"]["numeric-id"]
    made = await create(ask, entity)
    assert made["warnings"] == [{"pointer": "/claims/P31/0", "code": "referenced_entity_not_found"}]


async def test_a_value_that_does_not_fit_its_property_is_refused(ask: Asking) -> None:
    """W10"""
    entity = new_item()
    snak = entity["claims"]["P31"][0]["mainsnak"]
    snak["datavalue"] = {"type": "string", "value": "a text"}
    snak.pop("datatype", None)
    refused = await create(ask, entity)
    assert refused["faults"][0]["pointer"] == "/claims/P31/0/mainsnak/datavalue/type"
    assert refused["faults"][0]["code"] == "datatype_mismatch"


async def test_a_retry_with_its_key_returns_the_first_outcome(ask: Asking) -> None:
    """I13"""
    first = await create(ask, new_item(), meta={"idempotencyKey": "k1"})
    again = await create(ask, new_item(), meta={"idempotencyKey": "k1"})
    assert again["entityId"] == first["entityId"]
    assert again["revisionId"] == 1


async def test_a_key_with_another_body_is_refused(ask: Asking) -> None:
    """I13"""
    await create(ask, new_item(), meta={"idempotencyKey": "k1"})
    other = await create(ask, new_item("Another thing"), meta={"idempotencyKey": "k1"})
    assert other["code"] == "idempotency_key_reused"


async def test_an_edit_type_of_the_server_cannot_be_forged(ask: Asking) -> None:
    """W9"""
    refused = await create(ask, new_item(), meta={"editType": "lock-added"})
    assert refused["faults"][0] == {
        "pointer": "/editType",
        "code": "reserved_edit_type",
        "message": "the edit type 'lock-added' is set by the server alone",
    }


async def test_a_missing_entity_cannot_be_edited(ask: Asking) -> None:
    entity = an_item("Q777").with_label("en", "x").json()
    refused = await edit(ask, id="Q777", base=1, entity=entity)
    assert (refused["__typename"], refused["code"]) == ("EditRefused", "entity_not_found")


async def test_the_id_in_the_content_must_be_that_of_the_entity(ask: Asking) -> None:
    """S7"""
    entity = an_item("Q5").with_label("en", "x").json()
    refused = await edit(ask, id="Q42", base=1, entity=entity)
    assert [fault["code"] for fault in refused["faults"]] == ["entity_id_mismatch"]


async def test_a_new_lexeme_is_given_the_ids_of_its_forms(ask: Asking) -> None:
    form = {
        "representations": {"en": {"language": "en", "value": "runs"}},
        "grammaticalFeatures": [],
        "claims": {},
    }
    lexeme = {
        "type": "lexeme",
        "lemmas": {"en": {"language": "en", "value": "run"}},
        "lexicalCategory": "Q24905",
        "language": "Q1860",
        "forms": [form, form],
        "senses": [],
        "claims": {},
    }
    made = await create(ask, lexeme)
    assert [one["id"] for one in made["entity"]["json"]["forms"]] == [
        f"{made['entityId']}-F1",
        f"{made['entityId']}-F2",
    ]


async def test_empty_lists_for_empty_objects_are_taken_as_other_wikibases_write_them(ask: Asking) -> None:
    made = await create(ask, {**new_item(), "descriptions": [], "aliases": [], "sitelinks": []})
    assert made["entity"]["json"]["aliases"] == {}
