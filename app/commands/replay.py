"""`wikibase-graph replay`: events of committed revisions, told once more (E4)."""

from __future__ import annotations

import sys
from datetime import datetime

import click
from tqdm import tqdm

from app.commands.options import data_option, run, settings_with
from app.compose import open_stores
from app.settings import Settings
from storage import replay as replaying
from storage import times
from storage.ids import EntityId, NotAnEntityId, entity_id


class _Time(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: str, *_: object) -> datetime:
        try:
            return times.read(value)
        except ValueError as error:
            raise click.BadParameter(f"{value!r} is no ISO 8601 time such as 2026-01-15T10:30:00Z") from error


class _Entity(click.ParamType[EntityId]):
    name = "id"

    def convert(self, value: str, *_: object) -> EntityId:
        try:
            return entity_id(value)
        except NotAnEntityId as error:
            raise click.BadParameter(str(error)) from error


@click.command()
@data_option
@click.option(
    "--from-time", type=_Time(), help="Of all entities that have changed since, what changed since."
)
@click.option("--entity", "entities", type=_Entity(), multiple=True, help="Of this entity; may be repeated.")
@click.option(
    "--from-revision", type=click.IntRange(1), help="With --entity: from this revision on. Default: 1."
)
def replay(
    data: object, from_time: datetime | None, entities: tuple[EntityId, ...], from_revision: int | None
) -> None:
    """Publish events again, of each entity in order. Consumers drop those that they have had, by their id."""
    if (from_time is None) == (not entities):
        raise click.UsageError("give either --from-time or --entity")
    if from_revision is not None and not entities:
        raise click.UsageError("--from-revision goes with --entity")
    settings = settings_with(data=data)
    run(settings, _replay(settings, from_time, dict.fromkeys(entities, from_revision or 1)))


async def _replay(settings: Settings, from_time: datetime | None, since: dict[EntityId, int]) -> None:
    async with open_stores(settings, alone=True) as stores:
        if from_time is not None:
            since = await replaying.changed_since(stores, from_time)
        with tqdm(unit=" events", desc="replay", file=sys.stderr) as bar:
            async for count in replaying.replay(stores, since):
                bar.update(count)
    click.echo(f"published {bar.n} events of {len(since)} entities again")
