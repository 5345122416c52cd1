"""What people use in browsers and on Node: each asks, edits and hears of its own edit (E5)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.conftest import HERE


@pytest.mark.parametrize("client", ["graphql-ws", "graphql-sse", "apollo", "urql"])
def test_a_client_asks_edits_and_hears_of_its_edit(node: Path, address: str, client: str) -> None:
    ran = subprocess.run(
        ["node", "ask.mjs", client, address], cwd=node, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    made, heard = told["made"], told["heard"]
    assert (made["__typename"], made["revisionId"]) == ("Edited", 1)
    assert (heard["entityId"], heard["revisionId"], heard["changeType"]) == (made["entityId"], 1, "CREATION")
    assert heard["entity"] == {"__typename": "Item", "id": made["entityId"]}
    assert told["refused"] == ["wrong_position"]


def test_the_lock_file_pins_what_comes_and_not_from_where() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert all("integrity" in package for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
