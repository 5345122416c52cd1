"""Subcommands as a shell would run them, in an environment that is said and nothing else."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.commands import main
from storage.sql.mysql import MysqlPlace

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended, and what it said."""

    code: int
    stdout: str
    stderr: str


def run(*words: str | Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run `wikibase-graph` with these words to its end, in this process: starting one takes far longer."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(stdout), redirect_stderr(stderr):
        for name in {*os.environ} - {"TMPDIR", "PATH"}:
            patch.delenv(name)
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["wikibase-graph", *map(str, words)])
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ended(code, stdout.getvalue(), stderr.getvalue())


def of_mysql(place: MysqlPlace) -> dict[str, str]:
    """The settings that lead to a place."""
    return {
        "MYSQL_HOST": place.host,
        "MYSQL_PORT": str(place.port),
        "MYSQL_USER": place.user,
        "MYSQL_PASSWORD": place.password,
        "MYSQL_DATABASE": place.database,
    }
