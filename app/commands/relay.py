"""`wikibase-graph relay`: do what committed revisions owe, beside or without a server."""

from __future__ import annotations

import asyncio
import os

import click

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.settings import Settings
from storage import relay as relaying
from storage import times


@click.command()
@data_option
@click.option("--once", is_flag=True, help="Do what is owed now and end.")
def relay(data: object, once: bool) -> None:
    """Publish events and derive counts and backlinks that a server left over."""
    settings = settings_with(data=data)
    run(settings, _relay(settings, once))


async def _relay(settings: Settings, once: bool) -> None:
    async with open_stores(settings) as stores:
        if once:
            await relaying.settle(stores, clock=times.now)
            return
        click.echo(f"relaying from {settings.data} (Ctrl+C stops)")
        owner = f"{os.getpid()}-{os.urandom(4).hex()}"
        await relaying.run(
            stores, owner=owner, wake=asyncio.Event(), clock=times.now, poll_seconds=settings.poll_seconds
        )
