"""A browser's own cache before the server: what it asks again for, and what it does not (ADR 23)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

TWICE = """async (query) => {
  const url = "graphql?query=" + encodeURIComponent(query);
  const texts = [];
  for (let times = 0; times < 2; times++) texts.push(await (await fetch(url)).text());
  const sizes = performance.getEntriesByName(new URL(url, document.baseURI).href).map((one) => one.transferSize);
  return { texts, sizes };
}"""


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of the server, in a browser that keeps what it may: nothing looks into its requests."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_an_answer_of_a_revision_is_not_asked_for_again(page: Page) -> None:
    asked = page.evaluate(TWICE, '{item(id: "Q42", revisionId: 1) {json}}')
    assert asked["texts"][0] == asked["texts"][1]
    assert '"claims"' in asked["texts"][0]
    assert asked["sizes"][0] > 1000
    assert asked["sizes"][1] == 0


def test_an_answer_of_now_is_asked_for_and_not_sent_again(page: Page) -> None:
    """What is transferred then are the headers of a 304: by the rules of the measure, 300 bytes."""
    asked = page.evaluate(TWICE, '{item(id: "Q42") {json}}')
    assert asked["texts"][0] == asked["texts"][1]
    assert asked["sizes"][0] > 1000
    assert asked["sizes"][1] == 300
