"""The worked examples, over HTTP: each runs on the samples and does what its comments say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import explorer
from app.compose import open_embedded
from app.importing import import_samples
from app.settings import Settings
from tests.serving import Asking, served


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asking]:
    async with open_embedded(tmp_path / "data") as stores:
        await import_samples(stores)
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.mark.parametrize("example", explorer.examples(), ids=lambda path: path.stem)
async def test_each_example_runs_without_an_error(ask: Asking, example: Path) -> None:
    data = await ask.data(example.read_text())
    assert all(data.values())


async def test_the_example_of_a_conflict_has_one(ask: Asking) -> None:
    """W3"""
    (example,) = (path for path in explorer.examples() if "conflict" in path.name)
    data = await ask.data(example.read_text())
    assert data == {
        "first": {"__typename": "Edited", "revisionId": 2, "unchanged": False},
        "second": {"__typename": "EditConflict", "expected": 1, "found": 2},
    }


async def test_the_example_of_walking_reaches_the_second_level(ask: Asking) -> None:
    """Q8"""
    (example,) = (path for path in explorer.examples() if "walking" in path.name)
    data = await ask.data(example.read_text())
    reached = [
        (first["value"]["label"], second["property"]["label"], second["value"]["label"])
        for first in data["entity"]["statements"]
        for second in (first["value"]["item"] or {"statements": []})["statements"]
    ]
    assert reached == [
        ("Cambridge", "country", "United Kingdom"),
        ("The Hitchhiker's Guide to the Galaxy", "author", "Douglas Adams"),
    ]
