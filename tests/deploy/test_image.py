"""What the Dockerfile copies is enough: installed from that alone, the program has all its files (O1)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as the image has it, its dependencies aside."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    for names in re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        for name in names.split():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                skipped = shutil.ignore_patterns("__pycache__", "source")
                shutil.copytree(ROOT / name, source / name, ignore=skipped)
            else:
                shutil.copy(ROOT / name, source / name)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)], check=True
    )
    return target


@pytest.mark.parametrize(
    "words", [("migrate", "--sql"), ("migrate",), ("relay", "--once"), ("import", "samples.json"), ("fsck",)]
)
def test_commands_run_from_what_is_installed(installed: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    shutil.copy(next((ROOT / "app" / "samples").glob("*.json")), tmp_path / "samples.json")

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "app.commands", *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "DATA": str(tmp_path / "data"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr


def test_it_has_the_files_that_are_no_code(installed: Path) -> None:
    for name in ("schemas/vschema.json", "app/explorer/built", "schemas/schema.graphql"):
        assert (installed / name).exists(), name
