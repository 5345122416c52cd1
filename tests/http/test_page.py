"""What docs/http.md shows is what is answered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

from app.compose import open_embedded
from app.importing import import_samples
from app.settings import Settings
from tests.serving import served

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
EXCHANGES = re.findall(r"```http\n(.*?)```\n\n```http\n(.*?)```", PAGE, re.DOTALL)
TRUSTED = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def parted(text: str) -> tuple[str, dict[str, str], str]:
    """The first line, the headers and the body."""
    head, _, body = text.partition("\n\n")
    first, *lines = head.strip().splitlines()
    return first, dict(line.split(": ", 1) for line in lines), body


async def test_each_request_of_the_page_is_answered_as_it_says(tmp_path: Path) -> None:
    """O3. In their order, by one server."""
    assert 2 * len(EXCHANGES) == PAGE.count("```http") > 12
    (trusted,) = TRUSTED
    (tmp_path / "trusted.json").write_text(trusted)
    async with open_embedded(tmp_path / "data") as stores:
        await import_samples(stores)
    settings = Settings(data=tmp_path / "data", persisted_operations=str(tmp_path / "trusted.json"))
    async with served(settings) as here:
        for asked, answered in EXCHANGES:
            line, headers, body = parted(asked)
            method, url = line.split()
            reply = await here.client.request(
                method, quote(url, safe="/?=&%"), headers=headers, content=body.encode()
            )
            status, told, content = parted(answered)
            assert reply.status_code == int(status), line
            assert {name: reply.headers[name] for name in told} == told
            assert reply.json() == json.loads(content)


def test_each_code_of_http_is_on_the_page() -> None:
    """Those that the modules of HTTP give, but for what access tells of."""
    app = Path(__file__).parents[2] / "app"
    modules = ("asked", "bodies", "endpoint", "loopback", "persisted", "refusals", "wire")
    said = r'(?:BadRequest|refusal|_refuse|_refused|coded_error)\(\s*(?:[0-9]{3},\s*)?"(\w+)"'
    codes = {code for name in modules for code in re.findall(said, (app / f"{name}.py").read_text())}
    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in PAGE} <= {"subscription", "disconnected"}
