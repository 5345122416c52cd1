"""`wikibase-graph retention`: release hard-deleted entities whose retention is over."""

from __future__ import annotations

import click

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.settings import Settings
from storage import times
from storage.retention import end_retentions


@click.command()
@data_option
def retention(data: object) -> None:
    """Let go of what was kept for audit of entities whose retention is over, beside running servers."""
    settings = settings_with(data=data)
    run(settings, _retention(settings))


async def _retention(settings: Settings) -> None:
    entities, statements, more = 0, 0, True
    async with open_stores(settings) as stores:
        while more:
            done = await end_retentions(stores, times.now)
            entities, statements, more = entities + done.entities, statements + done.statements, done.more
    click.echo(f"{entities} entities released, which held {statements} statements")
