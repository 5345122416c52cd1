"""An import that is killed and run again (M1, I17)."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from app.compose import open_embedded
from storage import relay, times
from storage.check import check
from tests.builders import an_item

COUNT = 1_500


def written_to(folder: Path) -> Path:
    """A dump of items with two statements each, every tenth with a newer revision further on."""
    path = folder / "dump.ndjson"
    with path.open("w") as file:
        for number in range(1, COUNT + 1):
            item = an_item(f"Q{number}").with_label("en", f"item {number}").with_statement("P31", item="Q5")
            file.write(json.dumps(item.with_statement("P1", string=f"{number}").json()) + "\n")
            if number % 10 == 0:
                file.write(json.dumps(item.with_label("en", f"newer {number}").json()) + "\n")
    return path


def command(data: Path, dump: Path) -> list[str]:
    return [sys.executable, "-m", "app.commands", "import", "--data", str(data), "--report", "-", str(dump)]


def heads(data: Path) -> int:
    try:
        connection = sqlite3.connect(f"file:{data / 'metadata.sqlite'}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return 0
    try:
        count: int = connection.execute("SELECT count(*) FROM entity_head").fetchone()[0]
        return count
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def imported(data: Path, dump: Path) -> dict[str, Any]:
    ended = subprocess.run(command(data, dump), capture_output=True, timeout=120, check=True)
    report: dict[str, Any] = json.loads(ended.stdout)
    return report


def killed_on_the_way(data: Path, dump: Path) -> int:
    """Begin to import, kill the process when some entities have landed; answers how many have."""
    with subprocess.Popen(
        command(data, dump), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while heads(data) < 100:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    return heads(data)


def contents(data: Path) -> list[tuple[int, bytes]]:
    connection = sqlite3.connect(data / "metadata.sqlite")
    rows = connection.execute(
        "SELECT h.internal_id, r.content_digest FROM entity_head h JOIN entity_revisions r"
        " ON r.internal_id = h.internal_id AND r.revision_id = h.head_revision_id ORDER BY 1"
    ).fetchall()
    connection.close()
    return rows


async def test_an_import_that_was_killed_goes_on_and_ends_as_if_it_had_not(tmp_path: Path) -> None:
    dump = written_to(tmp_path)
    landed = killed_on_the_way(tmp_path / "killed", dump)
    assert 100 <= landed < COUNT
    report = imported(tmp_path / "killed", dump)
    assert report["unchanged"] >= landed
    assert report["created"] + report["edited"] + report["unchanged"] == COUNT + COUNT // 10
    imported(tmp_path / "whole", dump)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    async with open_embedded(tmp_path / "killed") as stores:
        await relay.settle(stores, clock=times.now)
        assert [str(finding) async for finding in check(stores)] == []


def test_a_second_run_of_the_command_changes_nothing(tmp_path: Path) -> None:
    dump = written_to(tmp_path)
    first = imported(tmp_path / "data", dump)
    before = contents(tmp_path / "data")
    again = imported(tmp_path / "data", dump)
    assert (first["created"], first["edited"]) == (COUNT, COUNT // 10)
    assert (again["created"], again["edited"], again["unchanged"]) == (0, 0, COUNT + COUNT // 10)
    assert contents(tmp_path / "data") == before
