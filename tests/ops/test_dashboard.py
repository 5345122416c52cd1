"""The dashboard, the alerts and the docs speak of numbers that there are (O2)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.metrics import Metrics
from tests.ops.numbers import Numbers, numbers
from tests.ops.promql import named, tokens
from tests.serving import Asking

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/wikibase-graph.json").read_text())
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
DOCS = (ROOT / "docs/operations.md").read_text()
OF_PROMETHEUS = {"le", "instance", "job"}
"""Labels that buckets have, or that Prometheus adds."""


def expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for group in ALERTS["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


EXPRESSIONS = list(expressions())


def counted() -> list[Any]:
    """All that is counted, by the library's own objects."""
    return list(Metrics().registry._collector_to_names)


def labels() -> dict[str, set[str]]:
    """The labels of each number, by its name without what a histogram or a counter appends."""
    return {one._name: set(one._labelnames) for one in counted()}


def family_of(sample: str, shown: Numbers) -> str | None:
    for name, family in shown.families.items():
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        if sample in {name + end for end in ends}:
            return name
    return None


@pytest.fixture
async def shown(ask: Asking) -> Numbers:
    """What a server shows that has answered something."""
    await ask.data('{entity(id: "Q42") {id}}')
    return await numbers(ask.client)


async def test_each_number_that_is_drawn_or_watched_is_shown(shown: Numbers) -> None:
    asked = {name for text in EXPRESSIONS for kind, name in named(text) if kind == "metric"}

    assert len(asked) > 25
    assert sorted(name for name in asked if family_of(name, shown) is None) == []


async def test_each_label_that_is_picked_or_grouped_by_is_one_of_its_number(shown: Numbers) -> None:
    """A sum by a label that is not there is one line without a name, and nobody knows why."""
    known = labels()
    wrong = []
    for text in EXPRESSIONS:
        names = {name for kind, name in named(text) if kind == "metric"}
        have = OF_PROMETHEUS.union(*(known[family_of(name, shown) or ""] for name in names))
        wrong += [
            f"{label} in {text}" for kind, label in named(text) if kind == "label" and label not in have
        ]
    assert wrong == []


async def test_each_number_that_is_shown_is_drawn_and_documented(shown: Numbers) -> None:
    drawn = {family_of(name, shown) for text in EXPRESSIONS for kind, name in named(text) if kind == "metric"}

    assert sorted(set(shown.families) - drawn) == []


def test_the_docs_list_each_number_with_its_labels_and_no_others() -> None:
    """Compared as rows: name, kind, labels, meaning."""
    rows = set()
    for one in counted():
        name = one._name + ("_total" if one._type == "counter" else "")
        told = ", ".join(f"`{label}`" for label in one._labelnames)
        rows.add(f"| `{name}` | {one._type} | {told} | {one._documentation} |")
    listed = set(re.findall(r"^\| `wikibase_graph_.*$", DOCS, re.MULTILINE))

    assert listed == rows


def test_each_alert_says_what_to_think_of_it() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")


def test_the_tokeniser_tells_names_apart() -> None:
    text = 'sum by (code, le) (rate(a_total{b=~"c|by d", e!="}"}[5m])) > 0.5 or absent(f) / 2 == bool g'

    assert list(named(text)) == [
        ("label", "code"),
        ("label", "le"),
        ("metric", "a_total"),
        ("label", "b"),
        ("label", "e"),
        ("metric", "f"),
        ("metric", "g"),
    ]


def test_what_is_no_expression_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="what is this"):
        tokens("sum(a) ; drop")


def test_panels_have_ids_and_places_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(panels)
