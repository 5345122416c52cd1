"""`wikibase-graph fsck`: recompute what must hold, from the stores alone."""

from __future__ import annotations

import click

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.settings import Settings
from storage.check import check


@click.command()
@data_option
def fsck(data: object) -> None:
    """Check the stores: each finding is a line with the invariant that is broken; exit 1 if there is any."""
    settings = settings_with(data=data)
    run(settings, _fsck(settings))


async def _fsck(settings: Settings) -> None:
    found = 0
    async with open_stores(settings, alone=True) as stores:
        async for finding in check(stores):
            click.echo(str(finding))
            found += 1
    click.echo(f"{found} findings" if found else "no findings", err=True)
    if found:
        raise SystemExit(1)
