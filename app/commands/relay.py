"""`wikibase-graph relay`: do what committed revisions owe, beside or without a server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any

import click

from app.commands.options import data_option, run, settings_with
from app.compose import housekeeping, open_stores
from app.exposing import shown
from app.meter import AppMeter
from app.metrics import Metrics
from app.sampling import Sampler
from app.settings import Settings
from app.tracing import Tracing
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
        owner = f"{os.getpid()}-{os.urandom(4).hex()}"
        meter = AppMeter(Metrics(), Tracing())
        stores = meter.on(stores)
        try:
            sampler = Sampler(meter, stores)
            async with sampler.running(), shown(settings.metrics_listen, sampler.text):
                await _until_told(
                    relaying.run(
                        stores,
                        owner=owner,
                        wake=asyncio.Event(),
                        clock=times.now,
                        poll_seconds=settings.poll_seconds,
                        housekeeping=housekeeping(settings),
                    ),
                    f"relaying from {settings.data} (Ctrl+C stops)",
                )
        finally:
            meter.tracing.close()


async def _until_told(running: Coroutine[Any, Any, None], word: str) -> None:
    """Say the word and let it run until SIGTERM. What it was at is done again by the next."""
    task = asyncio.create_task(running)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    click.echo(word)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
    if not task.cancelled():
        task.result()
