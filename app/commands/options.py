"""What several subcommands take: the settings of the environment, overridden by options."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from app import logs
from app.settings import Settings, read_settings

C = TypeVar("C", bound=Callable[..., Any])


def data_option(command: C) -> C:
    """`--data`: the folder of the embedded stores."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the embedded stores. Default: the setting DATA, else ./data.",
    )(command)


def settings_with(**options: Any) -> Settings:
    """The environment's settings, with those options that were given."""
    return replace(read_settings(), **{name: value for name, value in options.items() if value is not None})


def run(settings: Settings, work: Coroutine[Any, Any, None], *, fast: bool = False) -> None:
    """Run a command's work to its end; `fast` takes uvloop, where it is installed."""
    logs.set_up(settings)
    # Our data are trees: the collector of cycles finds little in them and would walk them again and again. But each walk
    # stops all requests, so that it is over few of what is new.
    gc.freeze()
    gc.set_threshold(10_000, 10, 100)
    try:
        with asyncio.Runner(loop_factory=_fast_loop() if fast else None) as runner:
            runner.run(work)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        raise SystemExit(130) from None


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
