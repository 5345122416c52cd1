"""What `deploy/make-secrets` makes, for tests: passwords, and certificates for this machine's names."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import required

SCRIPT = Path(__file__).parents[2] / "deploy" / "make-secrets"


def make_secrets(folder: Path) -> Path:
    """Run the script; gives the folder."""
    required("openssl", shutil.which("openssl") is not None)
    subprocess.run(["sh", str(SCRIPT), str(folder)], check=True)
    return folder


@contextmanager
def for_a_server(secrets: Path) -> Iterator[Path]:
    """The stores' certificate and key, and who signed it, in a folder that a server under another user may read."""
    with tempfile.TemporaryDirectory(prefix="certificates-") as name:
        Path(name).chmod(0o755)
        for file in ("ca.pem", "stores.pem", "stores.key"):
            shutil.copy(secrets / file, name)
        yield Path(name)


@pytest.fixture(scope="session")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of secrets, the same for all tests of a process, none of which changes it."""
    return make_secrets(tmp_path_factory.mktemp("secrets") / "secrets")


@pytest.fixture(scope="session")
def other_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one: its certificates are by another authority."""
    return make_secrets(tmp_path_factory.mktemp("secrets") / "secrets")
