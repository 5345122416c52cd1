"""Whether the stores say the same as the model: heads, histories, lists, content, audit, statements by hash.

Looks at the entities of one run alone, but for the checker, which looks at everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pytest

from storage import reading
from storage.changes import Protection, empty_entity
from storage.content import equal
from storage.errors import EntityGone, EntityMissing
from storage.ids import EntityId, EntityType, PropertyId, type_of
from storage.model import Flags, Head, JsonObject, Revision, StatementHash
from storage.port_deletions import AuditPage
from storage.ports import HistoryPage, Stores
from storage.statuses import Status, of_type
from tests.builders import a_property, an_item
from tests.commit.making import findings
from tests.states.model import GONE, Life, State, Told

MAINTAINED_BY = PropertyId("P6104")
EVERYTHING = 1_000_000
DELETING = {
    "soft-delete": ("soft", "a duplicate"),
    "undelete": ("undelete", "no duplicate"),
    "hard-delete": ("hard", "a demand"),
    "restore": ("restore", "an error"),
}
"""Edit types of which an audit row is kept: what it is called there, and the reason that the moves give."""


def content(run: int, entity: EntityId, says: int) -> JsonObject:
    """What an entity says in a version, a number whose bits tell which statements it has."""
    build = an_item(entity) if type_of(entity) is EntityType.ITEM else a_property(entity)
    build = build.with_label("en", f"version {says} of {entity}")
    if says & 1:
        build = build.with_statement("P1", string=f"shared in run {run}")
    if says & 2:
        build = build.with_statement(MAINTAINED_BY, string=f"shared as well in run {run}")
    if says == 3:
        build = build.with_statement("P1", string=f"only of {entity}")
    return build.json()


async def assert_alike(stores: Stores, run: int, lives: Mapping[EntityId, Life]) -> None:
    """That everything which can be read of these entities is as the model has it, once nothing is owed."""
    assert await findings(stores) == []
    rows: dict[tuple[EntityId, int], Revision] = {}
    for entity, life in lives.items():
        rows |= await _assert_history(stores, entity, life)
        await _assert_read(stores, run, entity, life)
        await _assert_audit(stores, entity, life)
    await _assert_lists(stores, lives)
    await _assert_statements(stores, lives, rows)
    _assert_no_circle({entity: head.redirects_to for entity, head in (await _heads(stores, lives)).items()})


def flags_of(entity: EntityId, told: Told) -> Flags:
    """The flags that a revision has."""
    is_item = type_of(entity) is EntityType.ITEM
    return Flags(
        **{protection.value: protection in told.protections for protection in Protection},
        is_dangling=is_item and told.says is not None and not told.says & 2,
        is_soft_deleted=told.state is State.SOFT_DELETED,
        is_deleted=told.state is State.HARD_DELETED,
        is_redirect=told.state is State.REDIRECT,
    )


async def _heads(stores: Stores, lives: Mapping[EntityId, Life]) -> dict[EntityId, Head]:
    return {entity: one.head for entity, one in (await stores.metadata.heads(lives.keys())).items()}


async def _assert_history(
    stores: Stores, entity: EntityId, life: Life
) -> dict[tuple[EntityId, int], Revision]:
    page = HistoryPage(entity, EVERYTHING)
    facts = (await stores.metadata.histories([page]))[page]
    found = [(one.revision, one.edit.edit_type, one.flags) for one in reversed(facts)]
    assert found == [(told.revision, told.edit_type, flags_of(entity, told)) for told in life.history]
    assert [one.parent for one in reversed(facts)] == [None, *(told.revision for told in life.history)][
        : len(facts)
    ]
    head = (await _heads(stores, {entity: life})).get(entity)
    if head is None:
        assert not life.history
        return {}
    last = life.head
    assert (head.revision, head.flags, head.redirects_to) == (
        last.revision,
        flags_of(entity, last),
        last.target,
    )
    return dict(await stores.metadata.revisions([(entity, told.revision) for told in life.history]))


async def _assert_read(stores: Stores, run: int, entity: EntityId, life: Life) -> None:
    """I10, Q7: what is gone is gone in each revision; all else reads as it was written."""
    for number in (None, *(told.revision for told in life.history)):
        if life.state in GONE or not life.history:
            with pytest.raises(EntityGone if life.history else EntityMissing):
                await reading.row_of(stores, entity, number)
            continue
        told = next((one for one in life.history if one.revision == number), life.head)
        said = await reading.entity_json(stores, await reading.row_of(stores, entity, number))
        expected = content(run, entity, told.says) if told.says is not None else empty_entity(entity)
        assert equal(said, expected)


async def _assert_audit(stores: Stores, entity: EntityId, life: Life) -> None:
    """W7: each deletion and its end has its row."""
    rows = await stores.metadata.audits(AuditPage(EVERYTHING, entity=entity))
    assert [(row.revision, row.kind.value, row.reason) for row in reversed(rows)] == [
        (told.revision, *DELETING[told.edit_type]) for told in life.history if told.edit_type in DELETING
    ]
    request = await stores.metadata.deletion_request(entity)
    assert (request is not None) == life.requested


async def _assert_lists(stores: Stores, lives: Mapping[EntityId, Life]) -> None:
    """Q6: each stands on the lists of what it is, and on no other."""
    expected: dict[str, set[EntityId]] = defaultdict(set)
    types = {told.edit_type for life in lives.values() for told in life.history}
    for entity, life in lives.items():
        if life.history and life.state not in GONE:
            flags = flags_of(entity, life.head)
            for status in Status:
                if getattr(flags, status.value):
                    expected[status.value].add(entity)
            expected[of_type(life.head.edit_type)].add(entity)
    for name in [*Status, *map(of_type, types)]:
        found = set(await stores.metadata.listed(name, None, EVERYTHING)) & lives.keys()
        assert found == expected[name], name


async def _assert_statements(
    stores: Stores, lives: Mapping[EntityId, Life], rows: Mapping[tuple[EntityId, int], Revision]
) -> None:
    """I10: by hash one sees what some entity holds that is not hard-deleted, and nothing else."""
    held: set[StatementHash] = set()
    seen: set[StatementHash] = set()
    for entity, life in lives.items():
        for told in life.history:
            index = rows[(entity, told.revision)].index
            assert index is not None
            assert len(index.hashes) == {None: 0, 0: 0, 1: 1, 2: 1, 3: 3}[told.says]
            held.update(index.hashes)
            if life.state not in GONE:
                seen.update(index.hashes)
    assert set(await reading.visible(stores, held)) == seen


def _assert_no_circle(targets: Mapping[EntityId, EntityId | None]) -> None:
    """I11."""
    for source in targets:
        on_the_way: list[EntityId] = []
        here: EntityId | None = source
        while here is not None:
            assert here not in on_the_way, on_the_way
            on_the_way.append(here)
            here = targets.get(here)
