"""`wikibase-graph redirects`: many redirects in and out, as NDJSON (W8)."""

from __future__ import annotations

import sys
from typing import TextIO

import click
import orjson
from tqdm import tqdm

from app.commands.options import data_option, run, settings_with
from app.commands.reports import report_option, tell
from app.compose import open_stores
from app.intake import read, total_bytes
from app.redirecting import exported_redirects, import_redirects
from app.settings import Settings


@click.group()
def redirects() -> None:
    """Redirects in and out: lines of {"entity": "Q1", "redirect": "Q2"}, by which Q1 redirects to Q2."""


@redirects.command("import")
@data_option
@click.option("--dry-run", is_flag=True, help="Tell only what would become of them.")
@report_option
@click.argument("paths", nargs=-1, required=True)
def import_(data: object, dry_run: bool, report: str | None, paths: tuple[str, ...]) -> None:
    """Make the redirects in files and folders, or from standard input (-), plain or packed.

    Each is made or refused for itself, as one of a mass edit: source and target must be there, and neither deleted,
    locked, archived nor a redirect. What is so already is passed over, so it can be killed and run again. Exit 1 if
    one was refused.
    """
    settings = settings_with(data=data)
    run(settings, _import(settings, paths, dry_run, report))


@redirects.command()
@data_option
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
def export(data: object, file: TextIO) -> None:
    """Write all redirects to a file, or to standard output."""
    settings = settings_with(data=data)
    run(settings, _export(settings, file))


async def _import(settings: Settings, paths: tuple[str, ...], dry_run: bool, report_to: str | None) -> None:
    with tqdm(total=total_bytes(paths), unit="B", unit_scale=True, desc="redirects", file=sys.stderr) as bar:

        def seen(count: int) -> None:
            bar.update(count)

        async with open_stores(settings, alone=True) as stores:
            documents = read(paths, stdin=sys.stdin.buffer, seen=seen)
            report = await import_redirects(documents, stores, dry_run=dry_run)
    tell(
        report,
        f"{'would make' if dry_run else 'made'} {report.made}, unchanged {report.unchanged}",
        report_to,
    )


async def _export(settings: Settings, file: TextIO) -> None:
    count = 0
    async with open_stores(settings, alone=True) as stores:
        async for source, target in exported_redirects(stores):
            file.write(orjson.dumps({"entity": source, "redirect": target}).decode() + "\n")
            count += 1
    file.flush()
    click.echo(f"{count} redirects", err=True)
