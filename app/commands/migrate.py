"""`wikibase-graph migrate`: the metadata's tables brought to this program's version, or written out for others."""

from __future__ import annotations

from pathlib import Path

import click

from app.commands.options import data_option, run, settings_with
from app.compose import on_metadata
from app.settings import Settings
from storage.sql import ddl
from storage.sql.migrate import HEAD, migrate, version


@click.command("migrate")
@data_option
@click.option("--check", is_flag=True, help="Change nothing, only tell; exit 1 if something is missing.")
@click.option("--sql", is_flag=True, help="Print the tables of an empty MySQL database, and touch no store.")
@click.option(
    "--vitess",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write what Vitess's tools apply into this folder: of each keyspace NAME.sql and NAME.vschema.json.",
)
def migrate_(data: object, check: bool, sql: bool, vitess: Path | None) -> None:
    """Bring the metadata's tables to this program's version, and say from which. Two at once do no harm."""
    if check + sql + (vitess is not None) > 1:
        raise click.UsageError("give one of --check, --sql and --vitess")
    settings = settings_with(data=data)
    if vitess is not None:
        _write(vitess)
    elif sql:
        click.echo(ddl.ddl(), nl=False)
    elif settings.vitess_shards:
        _tell_of_vitess(check)
    else:
        run(settings, _check(settings) if check else _migrate(settings))


async def _migrate(settings: Settings) -> None:
    found = await on_metadata(settings, migrate)
    if found == HEAD:
        click.echo(f"the metadata is at schema {HEAD} already")
    else:
        click.echo(f"the metadata went from {_named(found)} to schema {HEAD}")


async def _check(settings: Settings) -> None:
    fresh = not settings.mysql_host and not (settings.data / "metadata.sqlite").exists()
    found = None if fresh else await on_metadata(settings, version)
    if found == HEAD:
        click.echo(f"the metadata is at schema {HEAD}, as it should")
    else:
        click.echo(f"the metadata is at {_named(found)}, this program needs schema {HEAD}")
        raise SystemExit(1)


def _named(found: str | None) -> str:
    return "no schema" if found is None else f"schema {found}"


def _tell_of_vitess(check: bool) -> None:
    told = "Vitess's own tools apply the tables (vtctldclient ApplySchema and ApplyVSchema)"
    if check:
        raise click.ClickException(f"{told}, and note no version to check")
    click.echo(f"{told}; --vitess writes the files for them. The tables:", err=True)
    for name, text in ddl.of_vitess().items():
        if name.endswith(".sql"):
            click.echo(f"-- keyspace {name.removesuffix('.sql')}\n{text}")


def _write(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in ddl.of_vitess().items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror}") from error
    click.echo(f"wrote {', '.join(ddl.of_vitess())} into {folder}")
