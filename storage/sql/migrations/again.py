"""Steps of a version that may be taken again: MySQL keeps each as it is made, also when what follows is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def create_table(name: str, *columns: sa.Column[Any]) -> None:
    """Make a table, unless it is there."""
    op.create_table(name, *columns, if_not_exists=True)


def create_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Make an index, unless it is there: MySQL has no word of its own for that."""
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns)


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add a column to a table, unless it has it."""
    if column.name not in {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)
