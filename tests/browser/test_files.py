"""The files of the page: built from the sources, sent so that browsers keep them, never longer than right."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app import explorer
from app.settings import Settings
from tests.serving import served

EXPLORER = Path(explorer.__file__).parent


@pytest.fixture
async def client(empty_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(Settings(data=empty_folder)) as asking:
        yield asking.client


async def assets(client: httpx.AsyncClient) -> list[str]:
    return re.findall(r'(?:src|href)="(graphql/[^"]+)"', (await client.get("/graphql")).text)


def test_the_built_files_are_what_the_sources_give(tmp_path: Path) -> None:
    """From the lock file, in another folder, byte for byte."""
    assert shutil.which("npm"), "this test needs the commands `node`, 20 or newer, and `npm`"
    source = tmp_path / "source"
    shutil.copytree(EXPLORER / "source", source, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci"], cwd=source, check=True, capture_output=True)
    subprocess.run(["npm", "run", "build"], cwd=source, check=True, capture_output=True)
    built, committed = tmp_path / "built", EXPLORER / "built"
    assert sorted(path.name for path in built.iterdir()) == sorted(path.name for path in committed.iterdir())
    differing = [
        path.name for path in built.iterdir() if path.read_bytes() != (committed / path.name).read_bytes()
    ]
    assert differing == []


def test_the_lock_file_pins_what_comes_and_not_from_where() -> None:
    packages = json.loads((EXPLORER / "source" / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert all("integrity" in package for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


async def test_the_page_is_asked_for_anew_and_its_files_are_kept(client: httpx.AsyncClient) -> None:
    page = await client.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"
    named = await assets(client)
    assert [asset.split("/")[-1] for asset in named] == ["page.css", "page.js"]
    for asset in named:
        reply = await client.get(f"/{asset}")
        assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["content-encoding"] == "gzip"


async def test_each_file_is_sent_as_it_is(client: httpx.AsyncClient) -> None:
    folder = (await assets(client))[0].rpartition("/")[0]
    for path in (EXPLORER / "built").iterdir():
        assert (await client.get(f"/{folder}/{path.name}")).content == path.read_bytes()


@pytest.mark.parametrize(
    "path", ["{folder}/nothing.js", "{folder}/..%2f__init__.py", "graphql/assets/old/page.js"]
)
async def test_what_is_not_there_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    """A file of another version is none of ours: kept for good, it would be the wrong one for good."""
    folder = (await assets(client))[0].rpartition("/")[0]
    assert (await client.get("/" + path.format(folder=folder))).status_code == 404


async def test_an_example_can_not_end_the_script_that_holds_it(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    example = tmp_path / "x.graphql"
    example.write_text("# </script><script>alert(1)</script>")
    monkeypatch.setattr(explorer, "examples", lambda: [example])
    page = (await client.get("/graphql")).text
    held = re.search(r'id="examples">(.*?)</script>', page)
    assert held
    assert json.loads(held[1]) == [{"query": example.read_text()}]
