"""What a command that takes many things in tells of them at its end: counts, and what was refused and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import orjson

from app.taking import Report

C = TypeVar("C", bound=Callable[..., Any])

SHOWN = 20
"""Refusals that are printed; the JSON report has them all."""


def report_option(command: C) -> C:
    """`--report`: where the report goes as JSON."""
    return click.option(
        "--report",
        type=click.Path(dir_okay=False),
        help="Write the report as JSON to this file; - prints it.",
    )(command)


def tell(report: Report, counts: str, report_to: str | None) -> None:
    """Print the report, or write it down as well. Ends the command with 1 if something was refused."""
    told = orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode()
    if report_to == "-":
        click.echo(told)
    else:
        click.echo(f"{counts}, refused {len(report.refused)}")
        for refusal in report.refused[:SHOWN]:
            click.echo(f"  {refusal['place']}: {refusal['code']}: {refusal['reason']}")
        if len(report.refused) > SHOWN:
            click.echo(f"  ... and {len(report.refused) - SHOWN} more; --report FILE has them all")
        if report_to is not None:
            with open(report_to, "w", encoding="utf-8") as file:
                file.write(told + "\n")
    if report.refused:
        raise SystemExit(1)
