"""`wikibase-graph collect`: delete statements that nobody holds any more."""

from __future__ import annotations

from datetime import timedelta

import click

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.settings import Settings
from storage import times
from storage.collect import LEAST_AGE, MOST
from storage.collect import collect as collect_orphans


@click.command()
@data_option
@click.option("--dry-run", is_flag=True, help="Delete nothing, only say how many there are.")
@click.option(
    "--limit", type=click.IntRange(1, MOST), default=MOST, show_default=True, help="Statements at most."
)
@click.option(
    "--older-than-days",
    type=click.IntRange(LEAST_AGE.days),
    help="How long nobody must have held them. Default: COLLECT_AFTER_DAYS, else 180.",
)
def collect(data: object, dry_run: bool, limit: int, older_than_days: int | None) -> None:
    """Delete statements that nobody has held for half a year, beside running servers."""
    settings = settings_with(data=data, collect_after_days=older_than_days)
    run(settings, _collect(settings, limit, dry_run))


async def _collect(settings: Settings, limit: int, dry_run: bool) -> None:
    async with open_stores(settings) as stores:
        report = await collect_orphans(
            stores,
            times.now,
            older_than=timedelta(days=settings.collect_after_days),
            limit=limit,
            dry_run=dry_run,
        )
    done = "would be deleted" if dry_run else "deleted"
    click.echo(
        f"{report.collected} statements ({report.bytes} bytes) {done}, "
        f"{report.young} too young, {report.claimed} still claimed" + (", and more" if report.more else "")
    )
