"""Mutations by their name and input, and how they ended."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType

from graph.schema import schema
from tests.graph.states.table import Ending
from tests.serving import Asking

GOOD = {
    "deleteEntity": "Deleted",
    "hardDeleteEntity": "Deleted",
    "approveHardDeletion": "Deleted",
    "rejectHardDeletion": "HardDeletionRejected",
    "deleteEntities": "DeletionsMade",
    "createRedirects": "RedirectsMade",
}
"""The type of the good ending, where it is not `Edited`."""
REFUSED = "... on Refusal {code} ... on EditRefused {why}"


def document(name: str, selection: str) -> str:
    """One mutation, with `$input`."""
    root = schema._schema.type_map["Mutation"]
    assert isinstance(root, GraphQLObjectType)
    return f"mutation ($input: {root.fields[name].args['input'].type}) {{it: {name}(input: $input) {{{selection}}}}}"


async def ended(ask: Asking, name: str, **given: Any) -> Ending:
    """Type, code and second word of the ending; in a batch of one, of that one."""
    selection = f"__typename {REFUSED}"
    if (many := GOOD.get(name, "")).endswith("sMade"):
        # Of many at once it is never an entity that all are refused for.
        selection = (
            f"__typename ... on Refusal {{code}} ... on {many} {{outcomes {{result {{{selection}}}}}}}"
        )
    found = (await ask.data(document(name, selection), input=given))["it"]
    if "outcomes" in found:
        (outcome,) = found["outcomes"]
        found = outcome["result"]
    return found["__typename"], found.get("code"), found.get("why")


async def made(ask: Asking, name: str, fields: str, **given: Any) -> dict[str, Any]:
    """These fields of the good ending of a mutation, which it must have."""
    good = GOOD.get(name, "Edited")
    selection = f"__typename ... on {good} {{{fields}}} ... on Refusal {{code message}}"
    found: dict[str, Any] = (await ask.data(document(name, selection), input=given))["it"]
    assert found.pop("__typename") == good, found
    return found


async def faults(ask: Asking, name: str, **given: Any) -> list[tuple[str, str]]:
    """Pointer and code of each fault for which a mutation is refused."""
    selection = "__typename ... on EditInvalid {faults {pointer code}}"
    found = (await ask.data(document(name, selection), input=given))["it"]
    assert found["__typename"] == "EditInvalid"
    return [(fault["pointer"], fault["code"]) for fault in found["faults"]]
