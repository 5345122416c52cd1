"""The command `serve` in a process of its own, over a real socket (O1)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.serving import served_by_command


def test_a_newcomer_finds_the_samples(tmp_path: Path) -> None:
    with served_by_command(tmp_path / "data", "--samples") as address:
        reply = httpx.post(
            address, json={"query": '{entity(id: "Q42") {... on Item {label(languageCode: "en")}}}'}
        )
    assert reply.json() == {"data": {"entity": {"label": "Douglas Adams"}}}


def test_an_edit_outlives_the_process(tmp_path: Path) -> None:
    """I4"""
    create = 'mutation {createEntity(input: {entity: {type: "item", labels: {en: {language: "en", value: "x"}}}}) {... on Edited {entityId}}}'
    with served_by_command(tmp_path / "data") as address:
        made = httpx.post(address, json={"query": create}).json()["data"]["createEntity"]["entityId"]
    with served_by_command(tmp_path / "data") as address:
        reply = httpx.post(address, json={"query": f'{{entity(id: "{made}") {{id}}}}'})
    assert reply.json() == {"data": {"entity": {"id": made}}}


def test_the_page_needs_no_other_host(tmp_path: Path) -> None:
    with served_by_command(tmp_path / "data") as address:
        page = httpx.get(address, headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text.replace('xmlns="http://', "")
    assert "https://" not in page.text


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        (["--host", "0.0.0.0"], {}, "loopback only"),
        ([], {"PORT": "eighty"}, "PORT='eighty' is not a number"),
        ([], {"CORS_ORIGINS": "*"}, "CORS_ORIGINS=* without AUTH_KEYS"),
        ([], {"REFERENCES": "maybe"}, "REFERENCES='maybe' is none of strict, warn, off"),
        (["--data", "/dev/null/x"], {}, "/dev/null/x"),
    ],
)
def test_what_can_not_be_served_is_one_line(
    tmp_path: Path, options: list[str], environment: dict[str, str], words: str
) -> None:
    command = [
        sys.executable,
        "-m",
        "app.commands",
        "serve",
        "--port",
        "0",
        "--data",
        str(tmp_path),
        *options,
    ]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode != 0
    assert words in ended.stderr
    assert "wikibase-graph is at" not in ended.stdout
    assert "Traceback" not in ended.stderr
