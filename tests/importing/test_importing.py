"""Documents into the store and out again (M1, S9)."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app import samples
from app.importing import ImportReport, import_documents, import_samples
from app.intake import Document, Place, Redirect, read
from storage import reading, relay, times
from storage.check import check
from storage.content import equal
from storage.ids import entity_id
from storage.ports import RedirectsPage, Stores
from tests.builders import an_item

REAL = Path(__file__).parents[3] / "shared" / "data" / "wikidata"


def documents(*entities: dict[str, Any]) -> list[Document]:
    return [Document(Place("here", f"entity {number}"), entity) for number, entity in enumerate(entities)]


async def findings(stores: Stores) -> list[str]:
    await relay.settle(stores, clock=times.now)
    return [str(finding) async for finding in check(stores)]


async def stored(stores: Stores, entity: str) -> dict[str, Any]:
    found: dict[str, Any] = await reading.entity_json(stores, await reading.row_of(stores, entity_id(entity)))
    return found


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.edited, report.unchanged, len(report.refused)


async def test_every_sample_comes_back_equal(stores: Stores) -> None:
    """S9"""
    await import_samples(stores)
    for entity in samples.entities():
        if "redirect" not in entity:
            assert equal(await stored(stores, entity["id"]), entity), entity["id"]
    assert await findings(stores) == []


async def test_the_samples_fill_only_an_empty_store(stores: Stores) -> None:
    assert await import_samples(stores) == len(list(samples.entities()))
    assert await import_samples(stores) == 0


async def test_a_redirect_becomes_a_tombstone_that_names_its_target(stores: Stores) -> None:
    """W8, S8"""
    target = an_item("Q1").with_label("en", "x").json()
    await import_documents([*documents(target), Redirect(Place("here", ""), "Q2", "Q1")], stores)
    head = (await stores.metadata.heads([entity_id("Q2")]))[entity_id("Q2")].head
    assert head.redirects_to == "Q1"
    page = RedirectsPage(entity_id("Q1"), 10)
    assert [one.source for one in (await stores.metadata.redirects_to([page]))[page]] == ["Q2"]
    assert await findings(stores) == []


async def test_a_second_run_changes_nothing(stores: Stores) -> None:
    older = an_item("Q1").with_label("en", "older").json()
    newer = an_item("Q1").with_label("en", "newer").json()
    first = await import_documents(documents(older, newer), stores)
    again = await import_documents(documents(older, newer), stores)
    assert counts(first) == (1, 1, 0, 0)
    assert counts(again) == (0, 0, 2, 0)
    assert (await stored(stores, "Q1"))["labels"]["en"]["value"] == "newer"


async def test_a_refusal_tells_place_code_and_faults(stores: Stores) -> None:
    good = an_item("Q1").with_label("en", "x").json()
    report = await import_documents(documents(good, {"id": "Q2", "type": "item", "labels": 7}), stores)
    assert counts(report) == (1, 0, 0, 1)
    assert report.refused[0]["place"] == "here:entity 1"
    assert report.refused[0]["faults"][0]["pointer"] == "/labels"


async def test_the_revision_of_the_source_is_kept(stores: Stores) -> None:
    entity = {**an_item("Q1").with_label("en", "x").json(), "lastrevid": 123456789012}
    await import_documents(documents(entity), stores)
    row = await reading.row_of(stores, entity_id("Q1"))
    assert row.edit.source_revision_id == 123456789012


def run_import(data: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "app.commands", "import", "--data", str(data), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False)


def test_the_command_reads_standard_input_and_reports_as_json(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps(an_item(f"Q{number}").with_label("en", "x").json()) for number in (1, 2, 3))
    ended = run_import(tmp_path / "data", "--report", "-", "-", stdin=gzip.compress(lines.encode()))
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "created": 3,
        "edited": 0,
        "unchanged": 0,
        "refused": 0,
        "refusals": [],
    }


def test_the_command_ends_with_1_where_something_was_refused(tmp_path: Path) -> None:
    ended = run_import(tmp_path / "data", "-", stdin=b"{not json}\n")
    assert ended.returncode == 1
    assert b"not_json" in ended.stdout


@pytest.mark.skipif(not REAL.is_dir(), reason="the real entities are not beside the project")
async def test_every_real_file_comes_back_equal_or_is_refused_by_name(stores: Stores) -> None:
    """M1, I17: each entity is read back as it was last said, and what is refused has a reason."""
    intake = list(read([str(REAL)]))
    report = await import_documents(intake, stores)
    refused = {refusal["place"] for refusal in report.refused}
    last = {}
    for document in intake:
        if isinstance(document, Document) and str(document.place) not in refused:
            last[document.entity["id"]] = document.entity
    different = [name for name, entity in last.items() if not equal(await stored(stores, name), entity)]
    assert different == []
    assert len(last) == 1150
    assert counts(report)[0] == 1150
    assert sum(counts(report)) == len(intake) == 1360
    assert Counter(refusal["code"] for refusal in report.refused) == {
        "no_entity": 24,
        "legacy_serialization": 9,
        "not_json": 5,
        "api_error": 3,
        "unsupported_entity_type": 3,
        "mediawiki_xml": 2,
        "missing_entity": 1,
        "no_entity_id": 1,
        "rest_serialization": 1,
    }
    assert await findings(stores) == []
