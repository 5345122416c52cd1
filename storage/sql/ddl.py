"""The tables written out in the words of MySQL, for those who let others apply them: a keeper of the database, or
Vitess's own tools.

They are what the migrations make of an empty database; a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from schemas import load
from storage.sql.migrate import HEAD
from storage.sql.tables import metadata

# The migrations' own note of what they have made.
_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))

_TABLES = {table.name: table for table in (*metadata.sorted_tables, _VERSION)}


def ddl() -> str:
    """All tables of an empty database, and the version that they are at. Fails on one that has any of them."""
    made = [_made(table) for table in _TABLES.values()]
    noted = f"INSERT INTO {_VERSION.name} (version_num) VALUES ('{HEAD}');"
    return "\n\n".join((*made, noted)) + "\n"


def of_vitess() -> Mapping[str, str]:
    """What Vitess's tools apply, by the names of files: of each keyspace its tables and its part of the VSchema.

    Tables that are there already are passed over, as they are. Routing rules lead who has logged in to the sharded
    keyspace to the tables that are not in it.
    """
    keyspaces = load("vschema.json")["keyspaces"]
    files = {"routing_rules.json": json.dumps({"rules": _rules(keyspaces)}, indent=2) + "\n"}
    for keyspace, vschema in keyspaces.items():
        made = [_made(_TABLES[name], if_missing=True) for name in vschema["tables"]]
        files[f"{keyspace}.sql"] = "\n\n".join(made) + "\n"
        files[f"{keyspace}.vschema.json"] = json.dumps(vschema, indent=2) + "\n"
    return files


def _rules(keyspaces: Mapping[str, Any]) -> list[dict[str, Any]]:
    (sharded,) = (name for name, vschema in keyspaces.items() if vschema["sharded"])
    return [
        {"from_table": asked, "to_tables": [f"{keyspace}.{table}"]}
        for keyspace in keyspaces
        if keyspace != sharded
        for table in keyspaces[keyspace]["tables"]
        for asked in (table, f"{sharded}.{table}")
    ]


def _made(table: Table, *, if_missing: bool = False) -> str:
    told = CreateTable(table, if_not_exists=if_missing).compile(dialect=mysql.dialect())
    body = str(told).strip().removesuffix(")").rstrip()
    # Inside: an index of MySQL's has no "if not exists" of its own.
    indexes = [
        f"INDEX {index.name} ({', '.join(index.columns.keys())})"
        for index in sorted(table.indexes, key=lambda index: str(index.name))
    ]
    lines = [line.rstrip() for line in ", \n\t".join((body, *indexes)).splitlines()]
    return "\n".join(lines).expandtabs(2) + "\n);"
