"""Docs say what is so: settings, invariants and examples are held to the code."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

import pytest

from app.access import MUTATIONS
from app.compose import open_embedded
from app.importing import import_samples
from app.settings import Settings, read_settings
from storage import times
from storage.changes import HardDelete
from storage.erasure import erase_statement
from tests.commit.making import make
from tests.lives import LATER, ask_to_delete, changed
from tests.serving import AN_EDIT, Asking, served

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
INVARIANTS = (ROOT / "docs" / "invariants.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
EXAMPLES = [
    example for page in PAGES for example in re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)
]
LIFE = (ROOT / "docs" / "life.md").read_text()
ANSWERED = re.findall(r"```graphql\n(.*?)```\n\n```json\n(.*?)```", LIFE, re.DOTALL)
"""Examples with the answers that stand below them."""


def test_every_setting_is_listed_with_its_default_and_meaning() -> None:
    """O1"""
    for setting in fields(Settings):
        row = f"| `{setting.name.upper()}` | `{setting.default}` | {setting.metadata['about']} |"
        assert row in OPERATIONS


def test_no_setting_is_listed_that_is_none() -> None:
    table = OPERATIONS.split("## Settings")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", table, re.MULTILINE))
    assert listed == {setting.name.upper() for setting in fields(Settings)}


def test_settings_come_from_the_environment() -> None:
    settings = read_settings({"PORT": "8123", "DATA": "/srv/x", "REFERENCES": "STRICT"})
    assert (settings.port, settings.data, settings.references) == (8123, Path("/srv/x"), "strict")


@pytest.mark.parametrize("number", range(1, 19))
def test_each_invariant_has_a_row(number: int) -> None:
    assert len(re.findall(rf"^\| I{number} \|", INVARIANTS, re.MULTILINE)) == 1


@pytest.mark.parametrize("named", re.findall(r"`([a-z_/]+\.py::\w+)`", INVARIANTS))
def test_each_test_that_an_invariant_names_is_there(named: str) -> None:
    path, name = named.split("::")
    assert re.search(rf"def {name}\(", (ROOT / "tests" / path).read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.fixture
async def newcomer(tmp_path: Path) -> AsyncIterator[Asking]:
    async with open_embedded(tmp_path / "data") as stores:
        await import_samples(stores)
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if one not in dict(ANSWERED)], ids=lambda text: text.split()[1]
)
async def test_each_example_of_the_readme_and_the_docs_runs_and_succeeds(
    newcomer: Asking, example: str
) -> None:
    if example.startswith("subscription"):
        assert (await newcomer.first_change(example, AN_EDIT))["entityChanges"]["changeType"] == "CREATION"
        return
    data = await newcomer.data(example)
    for result in data.values():
        if isinstance(result, list | str):
            assert all(result), result
            continue
        assert result.get("__typename", "Edited") == "Edited", result


def test_each_example_of_a_life_has_its_answer_and_each_mutation_its_example() -> None:
    assert len(ANSWERED) == LIFE.count("```graphql") > 10
    missing = {name for name in MUTATIONS if not any(f"{name}(" in example for example, _ in ANSWERED)}
    assert missing == {"createEntity"}


@pytest.fixture
async def lived(tmp_path: Path) -> AsyncIterator[Asking]:
    """The samples, and what the page says of Ann, Bob and Carol."""
    async with open_embedded(tmp_path / "data") as stores:
        await import_samples(stores)
        await ask_to_delete(stores, "Q60")
        await ask_to_delete(stores, "Q145")
        await make(stores, changed("Q571", HardDelete("a demand", LATER)))
        await erase_statement(
            stores, 2901912584490318595, reason="a court order", by="Carol", clock=times.now
        )
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.mark.parametrize(("example", "answer"), ANSWERED, ids=[one.split()[1] for one, _ in ANSWERED])
async def test_each_example_of_a_life_is_answered_as_the_page_says(
    lived: Asking, example: str, answer: str
) -> None:
    """W6-W8, W12"""
    assert await lived.data(example) == json.loads(answer)


async def test_the_edit_of_the_readme_is_a_conflict_the_second_time(newcomer: Asking) -> None:
    edit = next(
        text for text in re.findall(r"```graphql\n(.*?)```", README, re.DOTALL) if "editEntity" in text
    )
    await newcomer.data(edit)
    again = await newcomer.data(edit)
    conflict = again["editEntity"]
    assert conflict.pop("entity")["revision"]["createdBy"] == "entity-api"
    assert conflict == {"__typename": "EditConflict", "expected": 1, "found": 2}
