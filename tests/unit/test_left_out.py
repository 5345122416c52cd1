"""A run tells at its end which services were missing, and how many tests were left out for each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SUITE = """
import pytest
from tests.services import required

def test_that_runs(): assert True

@pytest.fixture(scope="session")
def server(): required("Some server", False)

@pytest.mark.parametrize("number", range(3))
def test_of_a_server(server, number): assert False

def test_of_another(): required("Another server", False)

@pytest.mark.skip(reason="it rains")
def test_for_dry_weather(): assert False
"""


def ran(folder: Path, *arguments: str) -> str:
    """What a run of such a suite tells, with the summary of these tests."""
    (folder / "conftest.py").write_text("from tests.conftest import pytest_terminal_summary\n")
    (folder / "test_suite.py").write_text(SUITE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "REQUIRE_SERVICES": ""}
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            *arguments,
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_was_left_out_is_told_by_service(tmp_path: Path, workers: str) -> None:
    """In one process and in several: each test counts, also where a fixture that many share was skipped."""
    told = ran(tmp_path, "-n", workers).splitlines()
    begin = next(number for number, line in enumerate(told) if "left out" in line)
    assert told[begin + 1 : begin + 3] == ["Some server: 3 tests", "Another server: 1 test"]
    assert not any("rains" in line for line in told)


def test_where_nothing_was_left_out_nothing_is_told(tmp_path: Path) -> None:
    told = ran(tmp_path, "-n", "0", "-k", "runs or weather")
    assert "1 passed, 1 skipped" in told
    assert "left out" not in told
