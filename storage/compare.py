"""The difference of two revisions, found when it is asked for: none is stored (W12).

Reads both snapshots, and of the statements only those that are not in both alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from storage import reading
from storage.content import join
from storage.difference import Absence, Difference, difference
from storage.errors import Damaged
from storage.model import Content, Json, JsonObject, Revision, StatementHash
from storage.ports import Stores

_STANDS_FOR = "in place of"


async def compare(stores: Stores, old: Revision, new: Revision) -> Difference:
    """What leads from one revision to another; Damaged if that can't be read.

    To be told, not to be laid over an entity: statements without id that did not change have names of their own here.
    """
    found = await reading.snapshots(stores, [old, new])
    contents: list[Content] = []
    for row in (old, new):
        stored = found[(row.entity, row.revision)]
        if isinstance(stored, Damaged):
            raise stored
        if stored.inline or stored.ungrouped:
            # Older than 1.2.0: its statements are not known by hash, or not by property.
            return difference(await reading.entity_json(stores, old), await reading.entity_json(stores, new))
        contents.append(stored.snapshot.content)
    # Inside one store a hash stands for exactly one content (T3), so at first it will do in place of it.
    statements = {one: _stand_in(one) for content in contents for one in content.held()}
    rough = difference(*(join(content, statements) for content in contents))
    for one, body in (await reading.statements(stores, _changed(rough))).items():
        if isinstance(body, Damaged):
            raise body
        statements[one] = body.statement
    return difference(*(join(content, statements) for content in contents))


def _stand_in(one: StatementHash) -> JsonObject:
    return {"mainsnak": {_STANDS_FOR: one}}


def _changed(rough: Difference) -> set[StatementHash]:
    return {
        one
        for changed in rough.parts.values()
        for value in (changed.old, changed.new)
        if not isinstance(value, Absence)
        for one in _stood_for(value)
    }


def _stood_for(value: Json) -> Iterator[StatementHash]:
    """The statements in the place of which something stands in a part, which may be a whole form."""
    if isinstance(value, list):
        for one in value:
            yield from _stood_for(one)
    elif isinstance(value, dict):
        if _STANDS_FOR in value:
            yield value[_STANDS_FOR]
        for one in value.values():
            yield from _stood_for(one)
