"""What a person sees and does at `/graphql`, in a browser that reaches nothing but the server."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from app import explorer
from tests.browser.conftest import ANSWER, EDITOR, Visit
from tests.serving import AN_EDIT

VARIABLES = ".graphiql-editor-tool"


def test_the_page_asks_no_other_host_and_complains_of_nothing(visit: Visit) -> None:
    for panel in ("Show Documentation Explorer", "Show History", "Show GraphiQL Explorer"):
        visit.page.get_by_label(panel).click()
    visit.run()
    visit.answers('"data"')
    assert (visit.elsewhere, visit.complaints) == ([], [])


def test_a_request_to_another_host_would_be_seen(visit: Visit) -> None:
    """Without it the test above could pass for want of eyes."""
    visit.page.goto("about:blank")
    visit.page.evaluate("fetch('http://elsewhere.example/').catch(() => null)")
    assert visit.elsewhere == ["http://elsewhere.example/"]


def test_the_page_is_not_allowed_to_ask_another_host(visit: Visit) -> None:
    visit.page.evaluate("fetch('http://elsewhere.example/').catch(() => null)")
    assert visit.elsewhere == []
    assert "Content Security Policy" in visit.complaints[0]


def test_the_page_is_at_the_root_too(visit: Visit, address: str) -> None:
    visit.open(address.removesuffix("graphql"))
    visit.run()
    visit.answers('"data"')


def test_the_examples_are_tabs_at_the_first_visit(visit: Visit) -> None:
    names = [
        re.search(r"^(?:query|mutation|subscription) (\w+)", path.read_text(), re.M)
        for path in explorer.examples()
    ]
    assert visit.page.get_by_role("tab").all_inner_texts() == [name and name[1] for name in names]


def test_an_example_runs_at_a_press_of_the_button(visit: Visit) -> None:
    visit.page.get_by_role("tab", name="EditWithAConflict").click()
    visit.keeps("mutation EditWithAConflict")
    visit.run()
    visit.answers('"EditConflict"', '"found": 2')


def test_changes_come_to_the_page_as_they_are_made(visit: Visit, address: str) -> None:
    """E5: one after the other, until the button is pressed again."""
    visit.page.get_by_role("tab", name="FollowChanges").click()
    visit.keeps("subscription FollowChanges")
    visit.run()
    expect(visit.page.get_by_role("button", name="Stop query")).to_be_visible()
    for name in ("FirstOfThem", "SecondOfThem"):
        edit = AN_EDIT.replace('"new"', f'"{name}"')
        deadline = time.monotonic() + 60
        # It follows from now on; when that is, the page does not tell.
        while name not in visit.page.locator(ANSWER).inner_text():
            assert time.monotonic() < deadline
            httpx.post(address, json={"query": edit}).raise_for_status()
            visit.page.wait_for_timeout(200)
    visit.answers('"changeType": "CREATION"')
    visit.page.get_by_role("button", name="Stop query").click()
    expect(visit.page.get_by_role("button", name="Execute query")).to_be_visible()


def test_a_later_visit_finds_the_tabs_as_they_were_left(visit: Visit) -> None:
    visit.type("query Mine { __typename }")
    visit.keeps("query Mine { __typename }", under="tabState")
    visit.page.reload()
    expect(visit.page.get_by_role("tab", selected=True)).to_contain_text("Mine")
    visit.shows("query Mine { __typename }")


def test_a_typed_query_is_answered(visit: Visit) -> None:
    visit.type('query Mine {entity(id: "Q42") {id revisionId}}')
    visit.keeps("query Mine")
    visit.run()
    visit.answers('"id": "Q42"', '"revisionId": 1')


def test_the_docs_show_the_query_type(visit: Visit) -> None:
    visit.page.get_by_label("Show Documentation Explorer").click()
    docs = visit.page.locator(".graphiql-plugin")
    docs.get_by_role("link", name="Query", exact=True).click()
    expect(docs.get_by_text("What can be read.")).to_be_visible()
    expect(docs.get_by_role("link", name="entity", exact=True)).to_be_visible()


def test_the_explorer_writes_what_is_ticked(visit: Visit) -> None:
    visit.type("query Mine { __typename }")
    visit.page.get_by_label("Show GraphiQL Explorer").click()
    visit.page.locator(".graphiql-explorer-root [data-field-name=entity]").first.click()
    expect(visit.page.locator(f"{EDITOR} .view-lines")).to_contain_text("entity")


def test_a_field_that_does_not_exist_is_marked(visit: Visit) -> None:
    """By the worker that knows GraphQL."""
    visit.type("{ nothing }")
    expect(visit.page.locator(f"{EDITOR} .squiggly-error")).to_be_visible()


def test_fields_are_proposed(visit: Visit) -> None:
    visit.type("{ enti")
    visit.page.keyboard.press("Control+Space")
    expect(visit.page.locator(".suggest-widget").get_by_label("entity", exact=False).first).to_be_visible()


def test_variables_that_are_no_json_are_marked(visit: Visit) -> None:
    """By the worker that knows JSON."""
    visit.page.get_by_role("button", name="Variables").click()
    visit.type("{7}", VARIABLES)
    expect(visit.page.locator(f"{VARIABLES} .squiggly-error")).to_be_visible()


def test_prettify_keeps_the_comments(visit: Visit) -> None:
    visit.type("# why\n{__typename}")
    visit.page.get_by_role("button", name="Variables").click()
    visit.type('{"a":1}//why', VARIABLES)
    visit.page.get_by_role("button", name="Prettify query").click()
    visit.shows("# why", "{", "__typename", "}", "")
    visit.shows("{", '"a": 1', "} //why", editor=VARIABLES)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_all_is_in_sight(visiting: Callable[..., Visit], width: int, height: int) -> None:
    """On a desk and on a phone."""
    visit = visiting(viewport={"width": width, "height": height})
    visit.run()
    visit.answers('"data"')
    for seen in (EDITOR, ANSWER, ".graphiql-execute-button", ".graphiql-sidebar"):
        expect(visit.page.locator(seen)).to_be_in_viewport(ratio=1)
    boxes = [visit.page.locator(seen).bounding_box() for seen in (EDITOR, ANSWER)]
    assert all(box is not None and box["width"] > 300 and box["height"] > 200 for box in boxes)
    visit.page.get_by_label("Show Documentation Explorer").click()
    expect(visit.page.locator(".graphiql-plugin")).to_be_in_viewport()


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(33, 42, 59)")])
def test_the_page_is_as_light_as_the_browser_likes(
    visiting: Callable[..., Visit], scheme: str, paper: str
) -> None:
    visit = visiting(color_scheme=scheme)
    expect(visit.page.locator(".graphiql-container")).to_have_css("background-color", paper)
