"""The edits that are broken off at every step: each a small story with a beginning that holds.

A scene has edits that come before, made in peace, then the edit that trouble befalls.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from storage import times
from storage.changes import Undo
from storage.commit import Outcome, commit
from storage.edits import Base, Edit
from storage.ids import EntityId, EntityType
from storage.model import EditInfo
from storage.numbering import Numbers, new_entity_id
from storage.ports import Stores
from tests.builders import EntityBuilder, a_key, an_item
from tests.commit.making import eager, edit, redirect

TARGET = "Q5"
"""Where the redirects of the scenes lead, and what some statements name."""


def sharing(entity: str, label: str) -> EntityBuilder:
    """An item with a statement that all items of the scenes share."""
    return an_item(entity).with_label("en", label).with_statement("P1", string="held by many")


@dataclass(frozen=True, slots=True)
class Scene:
    """`before` are the edits that make the beginning; `act` does the edit, and may be done again.

    `says` is what the entity says after the act, None for a redirect. `keyed` acts have an idempotency key, so
    that doing them again gives the first outcome.
    """

    name: str
    before: Callable[[EntityId], Sequence[Edit]]
    act: Callable[[Stores, EntityId], Coroutine[Any, Any, Outcome]]
    says: Callable[[EntityId], EntityBuilder] | None
    keyed: bool = False


def _new(entity: EntityId) -> EntityBuilder:
    return (
        sharing(entity, "new")
        .with_statement("P1", string="one")
        .with_statement("P1", string="two", id=None)
        .with_statement("P2", item=TARGET)
    )


def _changed(entity: EntityId) -> EntityBuilder:
    return (
        sharing(entity, "changed")
        .with_statement("P1", string="two", id=None)
        .with_statement("P1", string="three")
        .with_statement("P2", item="Q6")
        .with_statement("P3", item="Q7")
    )


def _do(make: Callable[[EntityId], Edit]) -> Callable[[Stores, EntityId], Coroutine[Any, Any, Outcome]]:
    async def act(stores: Stores, entity: EntityId) -> Outcome:
        return await commit(make(entity), stores, clock=times.now, pauses=eager)

    return act


async def _create_with_key(stores: Stores, entity: EntityId) -> Outcome:
    """A creation as a server makes it: the id comes from the store, the key finds it again."""
    bound = a_key(int(entity[1:]))
    given = await new_entity_id(EntityType.ITEM, bound, Numbers(lease=2), stores, times.now)
    return await commit(edit(_new(given), Base.NOTHING, bound), stores, clock=times.now, pauses=eager)


def _created(entity: EntityId) -> Sequence[Edit]:
    return [edit(_new(entity), Base.NOTHING)]


def _created_with_target(entity: EntityId) -> Sequence[Edit]:
    return [edit(an_item(TARGET), Base.HEAD), *_created(entity)]


SCENES = [
    Scene("create", lambda _: [], _do(lambda entity: edit(_new(entity), Base.NOTHING)), _new),
    Scene("create with key", lambda _: [], _create_with_key, _new, keyed=True),
    Scene("edit", _created, _do(lambda entity: edit(_changed(entity), 1)), _changed),
    Scene(
        "edit with key",
        _created,
        _do(lambda entity: edit(_changed(entity), 1, a_key(int(entity[1:])))),
        _changed,
        keyed=True,
    ),
    Scene("rebased edit", _created, _do(lambda entity: edit(_changed(entity), Base.HEAD)), _changed),
    Scene(
        "edit rebased onto another",
        lambda entity: [*_created(entity), edit(_new(entity).with_label("de", "theirs"), 1)],
        _do(lambda entity: replace(edit(_new(entity).with_label("fr", "ours"), 1), rebase=True)),
        lambda entity: _new(entity).with_label("de", "theirs").with_label("fr", "ours"),
    ),
    Scene(
        "edit rebased with key",
        lambda entity: [*_created(entity), edit(_new(entity).with_label("de", "theirs"), 1)],
        _do(
            lambda entity: replace(
                edit(_new(entity).with_label("fr", "ours"), 1, a_key(int(entity[1:]))), rebase=True
            )
        ),
        lambda entity: _new(entity).with_label("de", "theirs").with_label("fr", "ours"),
        keyed=True,
    ),
    Scene(
        "undo",
        lambda entity: [
            *_created(entity),
            edit(_changed(entity), 1),
            edit(_changed(entity).with_label("de", "kept"), 2),
        ],
        _do(lambda entity: Edit(entity, Base.HEAD, Undo(2), EditInfo("Alice"))),
        lambda entity: _new(entity).with_label("de", "kept"),
    ),
    Scene("redirect", _created_with_target, _do(lambda entity: redirect(entity, TARGET, 1)), None),
    Scene(
        "content over a redirect",
        lambda entity: [*_created_with_target(entity), redirect(entity, TARGET, 1)],
        _do(lambda entity: edit(_new(entity), 2, revives=True)),
        _new,
    ),
]
BY_NAME = {scene.name: scene for scene in SCENES}
