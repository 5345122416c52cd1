"""What is installed is all that runs: an image is built of the installed packages, not of this folder."""

from __future__ import annotations

import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PARTS = ("app", "graph", "storage", "schemas")
MADE_FROM = "app/explorer/source/"
"""Of which `app/explorer/built` is made: it is not installed."""


def setuptools() -> dict[str, Any]:
    """What is told of packages."""
    told: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    return told


def files() -> list[str]:
    """Those that the project keeps."""
    listed = subprocess.run(
        ["git", "ls-files", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [one for one in listed if not one.startswith(MADE_FROM)]


def test_every_package_is_installed() -> None:
    folders = {str(Path(one).parent).replace("/", ".") for one in files() if one.endswith(".py")}
    assert set(setuptools()["packages"]) == folders


def test_everything_beside_the_code_is_installed() -> None:
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, some in setuptools()["package-data"].items()
        for pattern in some
    ]
    beside = [one for one in files() if not one.endswith(".py")]
    assert beside
    left_out = [
        one for one in beside if not any(fnmatch(one, pattern.replace("**/", "*")) for pattern in patterns)
    ]
    assert left_out == []
