"""A process that is killed at any step of an edit costs nobody anything: not its client, not the next editor.

The steps are found and died at by `tests.crash.driver`; what these tests demand of each is in its findings.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commit.scenes import SCENES

ROOT = Path(__file__).parents[2]
FEWEST_STEPS = 30
"""Far fewer than any scene has: only so that a count which failed does not pass for a test."""


# A rebased edit has the steps of an edit; what is its own shows only beside others (tests.commit.test_races).
@pytest.mark.parametrize("scene", [scene.name for scene in SCENES if scene.name != "rebased edit"])
def test_a_kill_at_any_step_loses_nothing_and_blocks_nobody(scene: str, tmp_path: Path) -> None:
    """I2, I4, I5, I9: dead at each call and each write, a new process finds what was acknowledged and goes on."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crash.driver", scene, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stderr
    points = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(points) > FEWEST_STEPS
    assert [point for point in points if point["wrong"] or not point["killed"]] == []
