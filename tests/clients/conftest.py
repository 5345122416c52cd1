"""A server for clients that others wrote, and these clients, installed in folders of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.changes import settled
from tests.services import required
from tests.serving import served_by_command

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The samples, served and told of."""
    with served_by_command(tmp_path_factory.mktemp("clients") / "data", "--samples") as http:
        settled(http)
        yield http


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clients for Node, from the lock file."""
    required("Node (the commands `node`, 20 or newer, and `npm`)", bool(shutil.which("npm")))
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", ".npmrc", "ask.mjs"):
        shutil.copy(HERE / name, folder)
    subprocess.run(["npm", "ci"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def codegen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with ariadne-codegen, which wants an older graphql-core than ours."""
    folder = tmp_path_factory.mktemp("codegen") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pins = ROOT / "requirements" / "clients.txt"
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(pins)], check=True, capture_output=True)
    return folder / "bin"
