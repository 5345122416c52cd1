"""Mutations that protect entities and lift their protection (W6). Each makes a revision, and leaves the content."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.doing import mutation
from graph.edits.making import EntityInput, changed
from graph.edits.results import EditResult
from storage.changes import Protect, Protection

Which = Annotated[EntityInput, strawberry.argument(description="Which entity.")]


@strawberry.type
class Protecting:
    """The part of the root of edits that protects."""

    @mutation(description="Lock an entity: no edit is possible until it is unlocked.")
    async def lock_entity(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.LOCKED))

    @mutation(description="Unlock an entity.")
    async def unlock_entity(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.LOCKED, on=False))

    @mutation(description="Archive an entity: no edit is possible, and exports may leave it out.")
    async def archive_entity(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.ARCHIVED))

    @mutation(description="Take an entity out of the archive.")
    async def unarchive_entity(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.ARCHIVED, on=False))

    @mutation(description="Protect an entity from mass edits, and from editors who are not autoconfirmed.")
    async def semi_protect_entity(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.SEMI_PROTECTED))

    @mutation(description="Lift an entity's semi-protection.")
    async def lift_semi_protection(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.SEMI_PROTECTED, on=False))

    @mutation(description="Protect an entity from mass edits.")
    async def mass_edit_protect_entity(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.MASS_EDIT_PROTECTED))

    @mutation(description="Let mass edits change an entity again.")
    async def lift_mass_edit_protection(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Protect(Protection.MASS_EDIT_PROTECTED, on=False))
