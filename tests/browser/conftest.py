"""A headless Chromium before a server of the samples: it reaches no other host, and every visit says what it tried."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from tests.serving import served_by_command

# A machine that is busy with other tests may be slow; nothing here is quick enough to be waited for in vain.
expect.set_options(timeout=20_000)

EDITOR, ANSWER = ".graphiql-query-editor", ".result-window"

KEPT = """async ([key, text]) => {
  for (let tries = 0; !localStorage[key]?.includes(text); tries++) {
    if (tries > 400) throw new Error(`${text} is not kept`);
    await new Promise((done) => setTimeout(done, 50));
  }
}"""


@dataclass
class Visit:
    """One person's browser with the page open."""

    context: BrowserContext
    page: Page
    elsewhere: list[str] = field(default_factory=list)
    """Requests to other hosts. They were refused."""
    complaints: list[str] = field(default_factory=list)
    """What the console told as error or warning."""

    def open(self, address: str) -> None:
        """Go there and wait until the editor can be used."""
        self.page.goto(address)
        expect(self.page.locator(EDITOR).locator(".view-line").first).to_be_visible()

    def type(self, text: str, editor: str = EDITOR) -> None:
        """Replace an editor's text, key by key."""
        self.page.locator(editor).locator(".monaco-editor:visible").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")  # a bracket typed over a selection goes around it
        self.page.keyboard.type(text)

    def shows(self, *lines: str, editor: str = EDITOR) -> None:
        """Wait until an editor has these lines, but for their indentation."""
        expect(self.page.locator(editor).locator(".view-line:visible")).to_have_text(list(lines))

    def keeps(self, text: str, under: str = "query") -> None:
        """Wait until the page has taken note of a text: it does a moment after each change."""
        self.page.evaluate(KEPT, [f"graphiql:{under}", text])

    def run(self) -> None:
        """Run the query of the open tab."""
        self.page.get_by_role("button", name="Execute query").click()

    def answers(self, *words: str) -> None:
        """Wait for an answer with these words."""
        for one in words:
            expect(self.page.locator(ANSWER)).to_contain_text(one)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_by_command(tmp_path_factory.mktemp("served") / "data", "--samples") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "these tests need the command `chromium`; Debian's package of that name has it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
        )
        yield browser
        browser.close()


@pytest.fixture
def visiting(browser: Browser, address: str, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Open the page in a browser that was never here; a picture of how it ended is in `tmp_path`."""
    visits: list[Visit] = []

    def open_page(**options: Any) -> Visit:
        context = browser.new_context(**options)
        visit = Visit(context, context.new_page())
        visits.append(visit)

        def guard(route: Route) -> None:
            if route.request.url.startswith(address.removesuffix("graphql")):
                route.continue_()
            else:
                visit.elsewhere.append(route.request.url)
                route.abort()

        context.route("**/*", guard)
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on(
            "console",
            lambda said: visit.complaints.append(said.text) if said.type in ("error", "warning") else None,
        )
        visit.open(address)
        return visit

    yield open_page
    for number, visit in enumerate(visits):
        visit.page.screenshot(path=tmp_path / f"{number}.png")
        visit.context.close()


@pytest.fixture
def visit(visiting: Callable[..., Visit]) -> Visit:
    return visiting()
