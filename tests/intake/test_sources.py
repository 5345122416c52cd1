"""Files, folders and standard input as sources of an import (M1)."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from app.intake import Refused, read, total_bytes
from tests.intake.writing import PACKINGS, ids, refusals


def _write(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"id":"Q{number}","type":"item"}}')


def test_a_folder_is_walked_in_natural_order_without_hidden_files(tmp_path: Path) -> None:
    """M1: Q2 before Q10, folders among files, the same on every machine."""
    for name, number in [
        ("Q10.json", 10),
        ("Q2.json", 2),
        ("Q3/a.json", 3),
        ("Q3/.b.json", 4),
        (".git/x", 5),
    ]:
        _write(tmp_path / name, number)
    assert ids(list(read([str(tmp_path)]))) == ["Q2", "Q3", "Q10"]


def test_paths_are_read_in_the_order_given(tmp_path: Path) -> None:
    """M1: files, folders and standard input may be mixed."""
    _write(tmp_path / "folder" / "a", 1)
    _write(tmp_path / "b", 2)
    paths = [str(tmp_path / "b"), "-", str(tmp_path / "folder")]
    assert ids(list(read(paths, stdin=io.BytesIO(b'{"id":"Q3","type":"item"}')))) == ["Q2", "Q3", "Q1"]


def test_a_hidden_file_is_read_when_named(tmp_path: Path) -> None:
    _write(tmp_path / ".hidden", 1)
    assert ids(list(read([str(tmp_path / ".hidden")]))) == ["Q1"]


def test_standard_input_is_not_closed() -> None:
    stream = io.BytesIO(b'{"id":"Q1","type":"item"}')
    assert ids(list(read(["-"], stdin=stream))) == ["Q1"]
    assert not stream.closed


def test_what_cannot_be_read_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    """M1: a wrong path or an odd file is no reason to stop."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    _write(tmp_path / "last", 1)
    intakes = list(read([str(tmp_path / "none"), str(tmp_path / "folder"), str(tmp_path), "nul\0"]))
    found = {os.path.basename(str(i.place)): i.code for i in intakes if isinstance(i, Refused)}
    assert found == {
        "none": "not_found",
        "folder": "empty",
        "dangling": "unreadable",
        "pipe": "unreadable",
        "nul\0": "unreadable",
    }
    assert ids(intakes) == ["Q1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "a", 1)
    (tmp_path / "a").chmod(0)
    assert refusals(list(read([str(tmp_path / "a")]))) == [("", "unreadable")]


def test_an_error_of_the_disk_is_refused_with_its_place() -> None:
    """M1: what was read before it counts."""

    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            data = super().read1(size)
            if not data:
                raise OSError(5, "Input/output error")
            return data

    intakes = list(read(["-"], stdin=Failing(b'{"id":"Q1","type":"item"}\n{"id":"Q2"')))
    assert ids(intakes) == ["Q1"]
    assert refusals(intakes) == [("line 2", "unreadable")]


@pytest.mark.parametrize("packing", PACKINGS)
def test_progress_adds_up_to_the_total(tmp_path: Path, packing: str) -> None:
    """M1: in bytes as they are on disk, for formats refused at sight too."""
    _write(tmp_path / "a", 1)
    (tmp_path / "b").write_bytes(PACKINGS[packing](b'{"id":"Q1","type":"item"}\n' * 99_999))
    (tmp_path / "c").write_bytes(b"<mediawiki>" * 99_999)
    steps: list[int] = []
    assert len(list(read([str(tmp_path)], seen=steps.append))) == 100_001
    assert sum(steps) == total_bytes([str(tmp_path)]) == sum(f.stat().st_size for f in tmp_path.iterdir())


def test_the_total_is_unknown_with_standard_input(tmp_path: Path) -> None:
    assert total_bytes([str(tmp_path), "-"]) is None
    assert total_bytes([str(tmp_path / "none")]) == 0
