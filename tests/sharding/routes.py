"""Where Vitess would send a statement, by the VSchema alone: to the shards of the keys it names, to all, or to none.

Follows the planner as far as these statements need it: a key is named by equality, by a list, by alternatives that
are all equalities, or through the key of a table that it is joined with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import sqlglot
import xxhash
from sqlglot import exp

VSCHEMA = Path(__file__).parents[2] / "schemas" / "vschema.json"

Key = int | str | bytes


@dataclass(frozen=True, slots=True)
class Route:
    """A keyspace, and the keyspace ids in it: None for all shards, empty where the keyspace has one."""

    keyspace: str
    ids: frozenset[bytes] | None


@cache
def tables() -> Mapping[str, tuple[str, str | None]]:
    """The keyspace of each table, and its shard key if it has one."""
    found: dict[str, tuple[str, str | None]] = {}
    for keyspace, told in json.loads(VSCHEMA.read_text())["keyspaces"].items():
        for table, of_table in told["tables"].items():
            columns = [one["column"] for one in of_table.get("column_vindexes", [])]
            assert table not in found
            found[table] = keyspace, columns[0] if columns else None
    return found


def keyspace_id(key: Key) -> bytes:
    """What the vindex xxhash makes of a key."""
    text = key if isinstance(key, bytes) else str(key).encode()
    return xxhash.xxh64_intdigest(text).to_bytes(8, "little")


def route(statement: str, rows: Sequence[Sequence[Any]]) -> set[Route]:
    """Where a statement goes with these rows of parameters."""
    tree = _parsed(statement)
    return {one for row in rows or [()] for one in _routes(tree, row)}


@lru_cache(1000)
def _parsed(statement: str) -> exp.Expr:
    numbers = count()
    named = re.sub("%s", lambda _: f":p{next(numbers)}", statement)
    return sqlglot.parse_one(named, dialect="mysql")


def _routes(tree: exp.Expr, row: Sequence[Any]) -> Iterable[Route]:
    if isinstance(tree, exp.Insert):
        schema = tree.this
        keys = [
            dict(zip((column.name for column in schema.expressions), values.expressions, strict=True))
            for values in tree.expression.expressions
        ]
        keyspace, column = tables()[schema.this.name]
        yield _route(keyspace, column, [_value(one[column], row) for one in keys] if column else None)
        return
    scopes = list(tree.find_all(exp.Select)) if isinstance(tree, exp.Query) else [tree]
    for scope in scopes:
        yield from _routes_of(scope, row)


def _routes_of(scope: exp.Expr, row: Sequence[Any]) -> Iterable[Route]:
    """Of the tables that a select, an update or a delete names itself."""
    here = {name: table for name, table in _named(scope).items() if table in tables()}
    conditions = list(_conditions(scope))
    pinned: dict[str, set[Key]] = {}
    joined: list[set[str]] = []
    for condition in conditions:
        for name, keys in _pins(condition, here, row).items():
            pinned.setdefault(name, keys)
        joined.extend(_joins(condition, here, scope))
    for name, table in here.items():
        keyspace, column = tables()[table]
        reached, growing = {name}, True
        while growing:
            size = len(reached)
            reached |= {one for pair in joined if pair & reached for one in pair}
            growing = len(reached) > size
        if any(one not in here for one in reached):
            continue  # where the row of the select around it is, which has a route of its own
        named = [pinned[one] for one in sorted(reached) if one in pinned]
        yield _route(keyspace, column, named[0] if named else None)


def _named(scope: exp.Expr) -> dict[str, str]:
    """The tables by the names that they have in a scope."""
    return {one.alias_or_name: one.name for one in _sources(scope) if isinstance(one, exp.Table)}


def _conditions(scope: exp.Expr) -> Iterable[exp.Expr]:
    """All that must hold."""
    where = scope.args.get("where")
    whole = [where.this] if where else []
    whole += [one.args["on"] for one in _sources(scope) if isinstance(one, exp.Join)]
    for one in whole:
        yield from one.flatten() if isinstance(one, exp.And) else [one]


def _sources(scope: exp.Expr) -> Iterable[exp.Expr]:
    """The tables and the joins of a scope, also those in parentheses, but not those of another select."""
    from_ = scope.args.get("from_")
    looked_at = [from_.this if from_ else scope.this, *(scope.args.get("joins") or ())]
    while looked_at:
        one = looked_at.pop(0)
        if isinstance(one, exp.Subquery) and isinstance(one.this, exp.Query):
            continue
        assert isinstance(one, exp.Table | exp.Join | exp.Subquery), f"unknown source of rows: {one!r}"
        yield one
        looked_at += [] if isinstance(one, exp.Table) else [one.this]
        looked_at += one.args.get("joins") or ()


def _pins(condition: exp.Expr, here: Mapping[str, str], row: Sequence[Any]) -> dict[str, set[Key]]:
    """The keys that a condition leaves, by the name of the table that they are of."""
    condition = condition.unnest()
    if isinstance(condition, exp.Or):
        sides = [_pins_of_all(side, here, row) for side in condition.flatten()]
        everywhere = set.intersection(*(set(side) for side in sides))
        return {name: {key for side in sides for key in side[name]} for name in everywhere}
    if not isinstance(condition, exp.EQ | exp.In) or not isinstance(condition.this, exp.Column):
        return {}
    values = condition.expressions if isinstance(condition, exp.In) else [condition.expression]
    name = _whose_key(condition.this, here)
    if name is None or not all(isinstance(one, exp.Placeholder | exp.Literal) for one in values):
        return {}
    return {name: {_value(one, row) for one in values}}


def _pins_of_all(side: exp.Expr, here: Mapping[str, str], row: Sequence[Any]) -> dict[str, set[Key]]:
    side = side.unnest()
    found: dict[str, set[Key]] = {}
    for one in side.flatten() if isinstance(side, exp.And) else [side]:
        found |= _pins(one, here, row)
    return found


def _joins(condition: exp.Expr, here: Mapping[str, str], scope: exp.Expr) -> Iterable[set[str]]:
    """The names of two tables whose keys are equal; one may be of a select around this."""
    if isinstance(condition, exp.EQ) and all(isinstance(one, exp.Column) for one in condition.args.values()):
        known = dict(here)
        around = scope.parent_select
        while around is not None:
            known = {name: table for name, table in _named(around).items() if table in tables()} | known
            around = around.parent_select
        names = [_whose_key(one, known) for one in (condition.this, condition.expression)]
        if None not in names:
            yield {name for name in names if name is not None}


def _whose_key(column: exp.Column, here: Mapping[str, str]) -> str | None:
    names = [column.table] if column.table else list(here)
    for name in names:
        if name in here and tables()[here[name]][1] == column.name:
            return name
    return None


def _value(one: exp.Expr, row: Sequence[Any]) -> Key:
    if isinstance(one, exp.Placeholder):
        value: Key = row[int(one.name[1:])]
        return value
    return one.name if one.args["is_string"] else int(one.name)


def _route(keyspace: str, column: str | None, keys: Iterable[Key] | None) -> Route:
    if column is None:
        return Route(keyspace, frozenset())
    return Route(keyspace, None if keys is None else frozenset(map(keyspace_id, keys)))
