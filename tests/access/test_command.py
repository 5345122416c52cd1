"""The command `token`, and the README's example of it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.access import Role, implied
from app.settings import Settings
from app.tokens import tokens_of

README = (Path(__file__).parents[2] / "README.md").read_text()


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.commands", "token", *options]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=folder, env=here
    )


def settings(folder: Path, **more: Any) -> Settings:
    given: dict[str, Any] = {"auth_issuer": "wikibase-graph", "auth_audience": "wikibase-graph", **more}
    return Settings(auth_keys=str(folder / "dev.pem.jwks"), **given)


async def test_a_token_of_the_command_is_taken(tmp_path: Path) -> None:
    made = run(tmp_path, "--key", "dev.pem", "--name", "Alice", "--role", "bot", "--role", "deleter")
    taking = tokens_of(settings(tmp_path))
    assert taking is not None
    actor = await taking.actor(made.stdout.strip())
    assert (actor.name, actor.roles) == ("Alice", implied([Role.BOT, Role.DELETER]))


async def test_issuer_and_audience_may_be_others(tmp_path: Path) -> None:
    other = ("--issuer", "https://id.example", "--audience", "us")
    made = run(tmp_path, "--key", "dev.pem", "--name", "Alice", "--role", "editor", *other)
    taking = tokens_of(settings(tmp_path, auth_issuer="https://id.example", auth_audience="us"))
    assert taking is not None
    assert (await taking.actor(made.stdout.strip())).name == "Alice"


async def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = run(tmp_path, "--key", "dev.pem", "--name", "Alice", "--role", "editor")
    key = (tmp_path / "dev.pem").read_bytes()
    assert (tmp_path / "dev.pem").stat().st_mode & 0o777 == 0o600
    (tmp_path / "dev.pem.jwks").unlink()
    run(tmp_path, "--key", "dev.pem", "--name", "Bob", "--role", "editor")
    assert (tmp_path / "dev.pem").read_bytes() == key
    taking = tokens_of(settings(tmp_path))
    assert taking is not None
    assert (await taking.actor(first.stdout.strip())).name == "Alice"
    assert '"d"' not in (tmp_path / "dev.pem.jwks").read_text(), "the private part"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--key", "dev.pem", "--name", "Alice", "--role", "king"), "king"),
        (("--key", "dev.pem", "--name", "Alice"), "--role"),
        (("--key", "none/dev.pem", "--name", "Alice", "--role", "bot"), "none/dev.pem"),
        (("--key", "other.pem", "--name", "Alice", "--role", "bot"), "no Ed25519 private key"),
        (("--key", "dev.pem", "--name", "Alice", "--role", "bot", "--days", "0"), "--days"),
    ],
)
def test_what_can_not_be_signed_is_told(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    (tmp_path / "other.pem").write_text("-----BEGIN nothing-----\n")
    made = run(tmp_path, *options)
    assert made.returncode != 0
    assert words in made.stderr
    assert "Traceback" not in made.stderr


def test_the_readmes_example_edits_as_somebody(tmp_path: Path) -> None:
    """Its lines are run as they stand, by a shell that knows the command."""
    part = README.split("**Edit as somebody.**")[1]
    making, serving = re.findall(r"^\$ (.*)$", part.split("```console\n")[1].split("```")[0], re.MULTILINE)
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "wikibase-graph"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m app.commands "$@"\n')
    script.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONUNBUFFERED": "1",
        "PORT": "0",
    }
    subprocess.run(making, shell=True, check=True, cwd=tmp_path, env=environment, timeout=60)
    query = 'mutation {createEntity(input: {entity: {type: "item"}}) {... on Edited {entity {revision {createdBy}}}}}'
    # `exec`, so that what is ended is the server and not the shell before it.
    serving = serving.replace(" wikibase-graph serve", " exec wikibase-graph serve")
    with subprocess.Popen(
        serving,
        shell=True,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            address = next(
                found[0] for line in server.stdout if (found := re.search(r"http\S+/graphql", line))
            )
            bearer = f"Bearer {(tmp_path / 'alice.token').read_text().strip()}"
            reply = httpx.post(address, json={"query": query}, headers={"Authorization": bearer})
        finally:
            server.terminate()
            server.communicate(timeout=30)
    assert reply.json()["data"]["createEntity"] == {"entity": {"revision": {"createdBy": "Alice"}}}
