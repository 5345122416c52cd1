"""Some generated queries in each run; `python -m tests.plan` asks thousands (I18)."""

from __future__ import annotations

from pathlib import Path

from app.compose import open_embedded
from app.importing import import_documents, import_samples
from app.intake import read
from app.settings import Settings
from tests import real
from tests.plan.many import compared, served_state

QUERIES = 300
ENTITIES = "wetneb--openrefine-wikibase/entities/Q4*.json*"
"""Some of the real entities, Q42 among them."""


async def test_generated_queries_are_answered_the_same(tmp_path: Path) -> None:
    async with open_embedded(tmp_path / "data", inline=True) as stores:
        await import_samples(stores)
        await import_documents(read(sorted(str(one) for one in real.FOLDER.glob(ENTITIES))), stores)
    async with served_state(Settings(data=tmp_path / "data")) as state:
        told = await compared(state, QUERIES, 1)
    assert told.queries == QUERIES
    assert told.with_errors > 100
    assert told.compiled > 4 * told.standard
