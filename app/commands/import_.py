"""`wikibase-graph import`: entity JSON in, of any usual format (M1)."""

from __future__ import annotations

import sys

import click
from tqdm import tqdm

from app.commands.options import data_option, run, settings_with
from app.commands.reports import report_option, tell
from app.compose import open_stores
from app.importing import import_documents
from app.intake import read, total_bytes
from app.settings import Settings


@click.command("import")
@data_option
@report_option
@click.argument("paths", nargs=-1, required=True)
def import_(data: object, report: str | None, paths: tuple[str, ...]) -> None:
    """Import entities from files and folders, or from standard input (-).

    Takes single entities, {"entities": ...} wrappers, dump arrays and NDJSON, plain or packed with gzip, bzip2 or
    zstd. What was imported before is passed over, so it can be killed and run again. Exit 1 if a document was
    refused.
    """
    settings = settings_with(data=data)
    run(settings, _import(settings, paths, report))


async def _import(settings: Settings, paths: tuple[str, ...], report_to: str | None) -> None:
    with tqdm(total=total_bytes(paths), unit="B", unit_scale=True, desc="import", file=sys.stderr) as bar:
        through = 0

        def done(count: int) -> None:
            nonlocal through
            through += count
            per_second = through / max(bar.format_dict["elapsed"], 0.001)
            bar.set_postfix_str(f"{through} entities, {per_second:.0f}/s")

        def seen(count: int) -> None:
            bar.update(count)

        async with open_stores(settings, alone=True) as stores:
            documents = read(paths, stdin=sys.stdin.buffer, seen=seen)
            report = await import_documents(
                documents, stores, maintained_by=settings.maintained_by, done=done
            )
    counts = f"created {report.created}, edited {report.edited}, unchanged {report.unchanged}"
    tell(report, counts, report_to)
