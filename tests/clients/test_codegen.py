"""A client that ariadne-codegen writes from `schemas/schema.graphql`: typed, by HTTP and by WebSocket (E5)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.clients.conftest import ROOT

QUERIES = """
query Where { changesPosition }

query Read($id: EntityId!) { entity(id: $id) { __typename id revisionId ... on Item { label(languageCode: "en") } } }

mutation Create($entity: Json!) {
  createEntity(input: {entity: $entity}) { __typename ... on Edited { entityId revisionId } ... on Refusal { code } }
}

subscription Follow($from: String) {
  entityChanges(from: $from) { entityId revisionId changeType entity { __typename id } }
}
"""

SETTINGS = """
[tool.ariadne-codegen]
schema_path = "schema.graphql"
queries_path = "queries.graphql"
target_package_name = "written"
"""

USE = """
import asyncio, json, sys
from written import Client

async def main(address):
    client = Client(url=address, ws_url=address.replace("http", "ws", 1))
    async with client:
        begin = (await client.where()).changes_position
        item = {"type": "item", "labels": {"en": {"language": "en", "value": "made by code"}}}
        made = (await client.create(item)).create_entity
        read = (await client.read(made.entity_id)).entity
        async for told in client.follow(begin):
            break
        change = told.entity_changes
        print(json.dumps([type(made).__name__, made.entity_id, read.label, change.entity_id, change.change_type.value, change.entity.typename__]))

asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))
"""


def test_a_written_client_asks_edits_and_hears_of_its_edit(
    codegen: Path, address: str, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "schemas" / "schema.graphql", tmp_path)
    for name, text in (("queries.graphql", QUERIES), ("pyproject.toml", SETTINGS), ("use.py", USE)):
        (tmp_path / name).write_text(text)
    for command in (["ariadne-codegen"], ["python", "use.py", address]):
        program, *arguments = command
        ran = subprocess.run(
            [str(codegen / program), *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    kind, entity, label, heard, change, type_of_it = json.loads(ran.stdout)
    assert (kind, label) == ("CreateCreateEntityEdited", "made by code")
    assert entity.startswith("Q")
    assert (heard, change, type_of_it) == (entity, "CREATION", "Item")
