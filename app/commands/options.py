"""What several subcommands take: the settings of the environment, overridden by options."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

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


def run(settings: Settings, work: Coroutine[Any, Any, None]) -> None:
    """Run a command's work to its end."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Our data are trees: the collector of cycles finds little in them and would walk them again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    for chatty in ("alembic", "aiobotocore"):  # they tell of each version and each look for credentials
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        raise SystemExit(130) from None
