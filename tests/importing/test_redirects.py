"""Redirects in and out as NDJSON: by the rules of any other, each for itself, and as often as wanted (W8)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.compose import open_embedded
from app.intake import Document, Intake, Place, Redirect, Refused
from app.redirecting import RedirectsReport, exported_redirects, import_redirects
from storage.errors import Unavailable
from storage.ids import EntityId
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import findings, head_of
from tests.faults import Call, Faults, When
from tests.lives import bring

Pairs = Sequence[tuple[str, str]]


def lines(pairs: Pairs) -> list[Intake]:
    return [Redirect(Place("here", f"line {n}"), *pair) for n, pair in enumerate(pairs, 1)]


async def some(stores: Stores, *names: str, state: str = "ordinary") -> None:
    for name in names:
        await bring(stores, name, state)


async def exported(stores: Stores) -> dict[str, str]:
    return {str(source): str(target) async for source, target in exported_redirects(stores)}


def counts(report: RedirectsReport) -> tuple[int, int, int]:
    return report.made, report.unchanged, len(report.refused)


def codes(report: RedirectsReport) -> list[tuple[str, str]]:
    return sorted((one["place"], one["code"]) for one in report.refused)


CHAIN: Pairs = [
    ("Q1", "Q5"),  # made
    ("Q1", "Q5"),  # is so by now
    ("Q1", "Q2"),  # is a redirect by now
    ("Q2", "Q1"),  # leads to a redirect
    ("Q2", "Q5"),  # made
    ("Q5", "Q5"),  # leads to itself
    ("Q5", "Q3"),  # made: redirects to it stand
    ("Q4", "Q5"),  # leads to a redirect by now
    ("Q77", "Q3"),  # is not there
    ("Q3", "Q77"),  # leads to nothing
    ("Q6", "Q3"),  # is locked
    ("Q7", "Q3"),  # takes no mass edit
    ("Q3", "P1"),  # is of another type
    ("", "Q3"),  # is no id
]
ENDED = [
    ("here:line 10", "redirect_target_unfit"),
    ("here:line 11", "protected"),
    ("here:line 12", "protected"),
    ("here:line 13", "redirect_target_unfit"),
    ("here:line 14", "invalid_value"),
    ("here:line 3", "redirected"),
    ("here:line 4", "redirect_target_unfit"),
    ("here:line 6", "redirect_target_unfit"),
    ("here:line 8", "redirect_target_unfit"),
    ("here:line 9", "entity_not_found"),
]


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Items of which most may redirect."""
    await some(stores, "Q1", "Q2", "Q3", "Q4", "Q5")
    await some(stores, "Q6", state="locked")
    await some(stores, "Q7", state="mass_edit_protected")
    return stores


async def test_each_is_made_or_refused_in_its_order(begun: Stores) -> None:
    """W8: one sees what those before it have made."""
    report = await import_redirects(lines(CHAIN), begun)
    assert (codes(report), counts(report)) == (ENDED, (3, 1, 10))
    assert await exported(begun) == {"Q1": "Q5", "Q2": "Q5", "Q5": "Q3"}
    assert await findings(begun) == []


async def test_a_trial_tells_the_same_and_makes_nothing(begun: Stores) -> None:
    """W8."""
    report = await import_redirects(lines(CHAIN), begun, dry_run=True)
    assert (codes(report), counts(report)) == (ENDED, (3, 1, 10))
    assert await exported(begun) == {}
    assert await head_of(begun, "Q1") == 2


async def test_run_again_it_changes_nothing(begun: Stores) -> None:
    """W8."""
    pairs = [("Q1", "Q3"), ("Q2", "Q3"), ("Q4", "Q5")]
    assert counts(await import_redirects(lines(pairs), begun)) == (3, 0, 0)
    assert counts(await import_redirects(lines(pairs), begun)) == (0, 3, 0)
    assert await head_of(begun, "Q1") == 3


async def test_broken_off_it_goes_on_where_it_was(begun: Stores) -> None:
    """W8: a store that fails ends it; what was made is not made twice."""
    pairs = [("Q1", "Q3"), ("Q3", "Q5"), ("Q2", "Q5")]
    faults = Faults()

    async def after_the_first(_: Call) -> None:
        if faults.verbs().count("metadata.commit") > 1:
            raise Unavailable("gone")

    faults.do(after_the_first, When.BEFORE, verb="metadata.commit", times=None)
    with pytest.raises(ExceptionGroup):
        await import_redirects(lines(pairs), faults.wrap(begun))
    done = await exported(begun)
    assert len(done) == 1
    report = await import_redirects(lines(pairs), begun)
    assert counts(report) == (2, 1, 0)
    assert await exported(begun) == dict(pairs)


async def test_what_is_no_redirect_is_refused_with_its_place(begun: Stores) -> None:
    """W8, M1."""
    here = Place("here", "line 1")
    intake: list[Intake] = [Document(here, an_item("Q1").json()), Refused(here, "not_json", "it is none")]
    report = await import_redirects(intake, begun)
    assert codes(report) == [("here:line 1", "no_redirect"), ("here:line 1", "not_json")]


async def test_many_lead_to_one_target_and_a_circle_is_refused(stores: Stores) -> None:
    """I11: more than one window, many of them side by side."""
    names = [f"Q{number}" for number in range(100, 200)]
    await some(stores, "Q5", *names)
    pairs = [(name, "Q5") for name in names] + [("Q5", "Q100")]
    report = await import_redirects(lines(pairs), stores)
    assert (counts(report), codes(report)) == ((100, 0, 1), [("here:line 101", "redirect_target_unfit")])
    assert await exported(stores) == dict.fromkeys(names, "Q5")
    assert await stores.metadata.reservations(EntityId("Q5")) == []
    assert await findings(stores) == []


async def test_each_is_told_as_one_of_a_mass_edit(begun: Stores) -> None:
    """W9."""
    await import_redirects(lines([("Q1", "Q3")]), begun)
    row = (await begun.metadata.heads([EntityId("Q1")]))[EntityId("Q1")].revision
    assert (row.edit.editor, row.edit.edit_type, row.edit.is_mass_edit) == (
        "entity-api",
        "redirect-create",
        True,
    )


def command(data: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    told = [
        sys.executable,
        "-m",
        "app.commands",
        "redirects",
        arguments[0],
        "--data",
        str(data),
        *arguments[1:],
    ]
    return subprocess.run(told, input=stdin, capture_output=True, timeout=120, check=False, text=True)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A data folder with three items."""
    async with open_embedded(tmp_path / "data") as stores:
        await some(stores, "Q1", "Q2", "Q3")
    return tmp_path / "data"


def test_what_goes_in_by_command_comes_out_again(folder: Path, tmp_path: Path) -> None:
    """W8."""
    ndjson = '{"entity":"Q1","redirect":"Q3"}\n{"entity":"Q2","redirect":"Q3"}\n'
    tried = command(folder, "import", "--dry-run", "-", stdin=ndjson)
    assert (tried.returncode, tried.stdout) == (0, "would make 2, unchanged 0, refused 0\n")
    assert command(folder, "export").stdout == ""
    ended = command(folder, "import", "-", stdin=ndjson)
    assert (ended.returncode, ended.stdout) == (0, "made 2, unchanged 0, refused 0\n")
    assert command(folder, "export").stdout == ndjson
    out = tmp_path / "out.ndjson"
    assert "2 redirects" in command(folder, "export", str(out)).stderr
    again = command(folder, "import", "--report", "-", str(out))
    assert json.loads(again.stdout) == {
        "dryRun": False,
        "made": 0,
        "unchanged": 2,
        "refused": 0,
        "refusals": [],
    }


def test_the_command_ends_with_1_where_one_was_refused(folder: Path) -> None:
    """W8."""
    ended = command(folder, "import", "-", stdin='{"entity":"Q1","redirect":"Q9"}\n')
    assert ended.returncode == 1
    assert "-:line 1: redirect_target_unfit: Q1 can't redirect to Q9: missing" in ended.stdout
