"""Who may import whom: `schemas <- storage <- graph <- app`. Read from the source, nothing is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("schemas", "storage", "graph", "app")

ADAPTERS = ("storage.sql", "storage.local_", "storage.s3", "storage.kafka")
"""Modules whose names begin so are adapters of one engine, or parts of them."""

GRAPH_SEES = {
    f"storage.{name}"
    for name in (
        "model",
        "errors",
        "edits",
        "changes",
        "account",
        "admission",
        "statuses",
        "port_deletions",
        "port_erasing",
        "collect",
        "erasure",
        "compare",
        "difference",
        "parts",
        "ports",
        "reading",
        "raw",
        "commit",
        "ids",
        "meter",
        "tally",
        "content",
        "times",
        "events",
        "feed",
        "following",
        "canonical",
        "validation",
    )
}
DRIVERS = ("sqlalchemy", "alembic", "sqlite3", "aiomysql", "aioboto3", "botocore", "aiokafka")
WEB = ("strawberry", "graphql", "starlette", "uvicorn", "aiodataloader")


@dataclass(frozen=True)
class Module:
    """A module and all that it imports, each with every name taken from it: `storage.ids`, `storage.ids.owner`."""

    name: str
    imports: frozenset[str]


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def modules(*layers: str) -> Iterator[Module]:
    for layer in layers:
        for path in sorted((ROOT / layer).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            package = ".".join(parts[:-1])
            name = package if parts[-1] == "__init__" else ".".join(parts)
            yield Module(name, frozenset(imported(ast.parse(path.read_text()), package)))


def is_in(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_adapter(name: str) -> bool:
    return name.startswith(ADAPTERS)


def breaches(found: Iterator[Module], is_breach: object) -> list[str]:
    assert callable(is_breach)
    return sorted(
        f"{module.name} imports {name}" for module in found for name in module.imports if is_breach(name)
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_nothing_above_it(layer: str) -> None:
    above = (*LAYERS[LAYERS.index(layer) + 1 :], "tests")

    assert breaches(modules(layer), lambda name: is_in(name, *above)) == []


def test_schemas_import_nothing_of_ours() -> None:
    assert breaches(modules("schemas"), lambda name: is_in(name, "storage", "graph", "app")) == []


def test_graph_sees_what_storage_shows_it() -> None:
    """No adapter, and nothing that a resolver has no business with."""

    def is_breach(name: str) -> bool:
        return is_in(name, "storage") and name != "storage" and not is_in(name, *GRAPH_SEES)

    assert breaches(modules("graph"), is_breach) == []


def test_only_app_imports_adapters() -> None:
    inner = (module for module in modules("schemas", "storage", "graph") if not is_adapter(module.name))

    assert breaches(inner, is_adapter) == []


def test_only_adapters_know_drivers() -> None:
    """Their errors are translated at the adapters' edge."""
    inner = (module for module in modules("storage", "graph") if not is_adapter(module.name))

    assert breaches(inner, lambda name: is_in(name, *DRIVERS)) == []


def test_storage_knows_nothing_of_the_web() -> None:
    assert breaches(modules("schemas", "storage"), lambda name: is_in(name, *WEB)) == []


def test_internal_numbers_stay_in_the_metadata_store() -> None:
    """S10: all other code says Q42."""
    outer = (module for module in modules(*LAYERS) if not is_in(module.name, "storage.sql"))

    assert breaches(outer, lambda name: name in ("storage.ids.internal", "storage.ids.external")) == []


def test_internal_numbers_are_not_reached_through_the_module() -> None:
    """S10: `ids.internal(...)` is the same by another way."""
    reached = []
    for path in sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        if path.is_relative_to(ROOT / "storage" / "sql"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("internal", "external"):
                owner = node.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if name == "ids":
                    reached.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert reached == []


def test_no_module_is_reached_by_a_name_that_a_reader_can_not_see() -> None:
    """Imports by text would pass by all of these tests."""
    assert (
        breaches(modules("schemas", "storage", "graph"), lambda name: name == "importlib.import_module") == []
    )


def test_the_layers_are_all_read() -> None:
    """These tests would pass on empty folders."""
    names = {module.name for module in modules(*LAYERS)}

    assert {"schemas", "storage.commit", "storage.sql.heads", "graph", "app.compose"} <= names


def test_the_plan_could_be_taken_out() -> None:
    """`graph.plan` knows graphql-core, the standard library and itself; none of its words is a Wikibase's (ADR 30)."""
    plan = [one for one in modules("graph") if one.name.split(".")[:2] == ["graph", "plan"]]
    assert len(plan) > 5
    for one in plan:
        others = {
            name for name in one.imports if name.split(".")[0] in (*LAYERS, *set(WEB) - {"graphql"}, *DRIVERS)
        }
        assert all(name.startswith("graph.plan") for name in others), one.name
    for path in (ROOT / "graph" / "plan").glob("*.py"):
        words = set(re.findall(r"[a-z]+", path.read_text().lower()))
        assert not words & {"wikibase", "entity", "statement", "snak", "lexeme", "label"}, path
