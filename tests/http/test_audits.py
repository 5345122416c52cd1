"""The public audits of "GraphQL over HTTP", those of the npm package graphql-http, against the served process."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.services import required
from tests.serving import served_by_command

AUDITS = Path(__file__).parent / "audits"


def test_every_audit_of_graphql_over_http_is_passed(tmp_path: Path) -> None:
    """O3. None is left out and none warns: by default `auditServer` runs them all."""
    required("node with npm", shutil.which("node") is not None and shutil.which("npm") is not None)
    audits = tmp_path / "audits"
    shutil.copytree(AUDITS, audits, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci"], cwd=audits, check=True, capture_output=True)
    with served_by_command(tmp_path / "data") as address:
        ran = subprocess.run(
            ["node", "run.js", address], cwd=audits, check=True, capture_output=True, text=True, timeout=120
        )
    results = json.loads(ran.stdout)
    assert [one for one in results if one["status"] != "ok"] == []
    assert len(results) == 61


def test_the_lock_file_pins_what_comes_and_not_from_where() -> None:
    packages = json.loads((AUDITS / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert len(packages) == 2
    assert all("integrity" in package for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
