"""The worked examples, over HTTP: each runs on the samples and does what its comments say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app import explorer
from app.compose import open_embedded
from app.importing import import_samples
from app.settings import Settings
from tests.serving import AN_EDIT, Asking, served


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Asking]:
    async with open_embedded(tmp_path / "data") as stores:
        await import_samples(stores)
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.mark.parametrize("example", explorer.examples(), ids=lambda path: path.stem)
async def test_each_example_runs_without_an_error(ask: Asking, example: Path) -> None:
    text = example.read_text()
    if "\nsubscription " in text:
        data = await ask.first_change(text, AN_EDIT)
        assert data["entityChanges"]["entity"] == {"label": "new"}
        return
    data = await ask.data(text)
    assert all(data.values())


async def test_the_example_of_a_conflict_has_one(ask: Asking) -> None:
    """W3"""
    data = await ask.data(an_example("conflict"))
    assert data == {
        "first": {"__typename": "Edited", "revisionId": 2, "unchanged": False},
        "second": {"__typename": "EditConflict", "expected": 1, "found": 2},
    }


async def test_the_example_of_walking_reaches_the_second_level(ask: Asking) -> None:
    """Q8"""
    data = await ask.data(an_example("walking"))
    reached = [
        (first["value"]["label"], second["property"]["label"], second["value"]["label"])
        for first in data["entity"]["statements"]
        for second in (first["value"]["item"] or {"statements": []})["statements"]
    ]
    assert reached == [
        ("Cambridge", "country", "United Kingdom"),
        ("The Hitchhiker's Guide to the Galaxy", "author", "Douglas Adams"),
    ]


async def answered(ask: Asking, name: str) -> dict[str, dict[str, Any]]:
    """The example of this name, sent twice: the second time it does the same again."""
    first, second = [await ask.data(an_example(name)) for _ in range(2)]
    assert list(first) == list(second)
    for one, again in zip(first.values(), second.values(), strict=True):
        revisions = [result.pop("revisionId", 0) for result in (one, again)]
        assert one == again
        assert revisions == [0, 0] or revisions[0] < revisions[1]
    told: dict[str, dict[str, Any]] = first
    return told


async def test_the_example_of_states_goes_through_them(ask: Asking) -> None:
    """W6, W7: and a lock keeps from deletion."""
    data = await answered(ask, "protect")
    assert data.pop("tooEarly") == {"__typename": "EditRefused", "code": "protected", "why": "locked"}
    assert data.pop("delete")["reason"] == "nobody plays here"
    states = [one["entity"]["revision"] for one in data.values()]
    assert [one["editType"] for one in states] == ["lock-added", "lock-removed", "undelete"]
    assert [one["isLocked"] for one in states] == [True, False, False]


async def test_the_example_of_a_redirect_ends_it_again(ask: Asking) -> None:
    """W8, W12"""
    data = await answered(ask, "redirect")
    assert data["refused"] == {"__typename": "EditRefused", "code": "redirected", "targetId": "Q42"}
    states = [data[name]["entity"]["revision"]["redirectsTo"] for name in ("redirect", "revert", "restore")]
    assert states == ["Q42", None, None]
    assert [data[name]["unchanged"] for name in ("redirect", "revert", "restore")] == [False, False, True]


async def test_the_example_of_undoing_compares_and_erases(ask: Asking) -> None:
    """W7, W12: and the head is not erased."""
    data = await ask.data(an_example("undo"))
    changed = [
        [change["pointer"] for change in data[name]["entity"]["revision"]["difference"]]
        for name in ("edit", "undo")
    ]
    assert "/labels/en" in changed[0]
    assert changed[1] == []
    assert data["tooEarly"] == {"__typename": "EditRefused", "code": "is_head"}
    assert data["erase"]["__typename"] == "Erased"


async def test_the_example_of_looking_after_tells_what_the_others_did(ask: Asking) -> None:
    """Q5, W7"""
    for name in ("undo", "protect"):
        await ask.data(an_example(name))
    data = await ask.data(an_example("look-after"))
    assert [entry["kind"] for entry in data["auditLog"]["nodes"]] == [
        "UNDELETE",
        "SOFT_DELETE",
        "ERASURE",
    ]
    assert data["locked"]["nodes"] == []
    assert data["undeleted"]["nodes"] == [{"entityId": "Q4115189"}]


async def test_the_example_of_deleting_for_good_takes_it_back(ask: Asking) -> None:
    """W7: a trial stores nothing, and meanwhile the entity is gone."""
    data = await answered(ask, "for-good")
    assert data["tried"]["dryRun"] is True
    assert [one["result"]["__typename"] for one in data["tried"]["outcomes"]] == ["WouldBeDeleted"] * 2
    assert data["delete"]["deleteType"] == "hard"
    assert data["gone"] == {"__typename": "EditRefused", "code": "gone"}
    assert data["restore"]["entity"]["revision"] == {"editType": "restore", "isDeleted": False}


def an_example(name: str) -> str:
    """The text of the one of this name."""
    (example,) = (path for path in explorer.examples() if name in path.name)
    return example.read_text()
