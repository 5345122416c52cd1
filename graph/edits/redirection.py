"""Mutations that make entities redirects, and end that (W8)."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.doing import mutation
from graph.edits.making import EntityInput, an_edit, changed, faults_of_batch, keyed, of_many
from graph.edits.meta import EditMeta
from graph.edits.results import Edited, EditInvalid, EditResult, RequestRefused, edited, refused
from storage.changes import EndRedirect, SetRedirect
from storage.edits import Edit, refuse
from storage.errors import Fault, Invalid, StorageError
from storage.ids import EntityId

MAX_REDIRECTS = 100
"""In one batch."""


@strawberry.input(description="An entity that shall redirect to another.")
class CreateRedirectInput(EntityInput):
    """The source is the entity."""

    target: EntityId = strawberry.field(
        description="Where to: an entity of the same type, neither deleted, locked, archived nor a redirect."
    )


@strawberry.input(description="A redirect that shall be an entity again.")
class RevertRedirectInput(EntityInput):
    """The source is the entity."""

    revision_id: int = strawberry.field(description="The revision whose content it shall have.")
    reason: str = strawberry.field(description="Why; at most 500 characters, and not empty.")


@strawberry.input(description="One redirect of a batch.")
class RedirectPair:
    """From where to where."""

    source: EntityId = strawberry.field(description="The entity that shall redirect.")
    target: EntityId = strawberry.field(description="Where to.")


@strawberry.input(description="Redirects to be made one after another, each for itself.")
class CreateRedirectsInput:
    """A batch."""

    redirects: list[RedirectPair] = strawberry.field(description=f"At most {MAX_REDIRECTS}.")
    meta: EditMeta = strawberry.field(
        default_factory=EditMeta,
        description="What is told of each. Each is a mass edit. An idempotency key is one for all.",
    )


@strawberry.type(description="How one redirect of a batch ended.")
class RedirectOutcome:
    """In the place of its input."""

    source_id: strawberry.ID = strawberry.field(description="The entity that shall redirect.")
    target_id: strawberry.ID = strawberry.field(description="Where to.")
    result: EditResult = strawberry.field(description="How it ended.")


@strawberry.type(description="How the redirects of a batch ended, in their order.")
class RedirectsMade:
    """Some may be made and others refused."""

    outcomes: list[RedirectOutcome] = strawberry.field(description="Each by itself.")


RedirectsResult = Annotated[
    RedirectsMade | EditInvalid | RequestRefused,
    strawberry.union("RedirectsResult", description="How a batch of redirects ended."),
]


@strawberry.type
class Redirecting:
    """The part of the root of edits that redirects."""

    @mutation(description="Make an entity a redirect to another. Its content goes; its history stays.")
    async def create_redirect(
        self,
        info: Info,
        input: Annotated[CreateRedirectInput, strawberry.argument(description="From where to where.")],
    ) -> EditResult:
        return await changed(info, input, SetRedirect(input.target), str(input.target))

    @mutation(description="Make a redirect an entity again, with the content of one of its revisions.")
    async def revert_redirect(
        self,
        info: Info,
        input: Annotated[RevertRedirectInput, strawberry.argument(description="Which, and to what.")],
    ) -> EditResult:
        change = EndRedirect(input.revision_id, input.reason)
        return await changed(info, input, change, input.revision_id, input.reason)

    @mutation(description="Make many redirects. Each is made or refused for itself.")
    async def create_redirects(
        self,
        info: Info,
        input: Annotated[CreateRedirectsInput, strawberry.argument(description="The redirects.")],
    ) -> RedirectsResult:
        if len(input.redirects) > MAX_REDIRECTS:
            limit = {"limit": MAX_REDIRECTS}
            raise Invalid([Fault("/redirects", "too_many", f"at most {MAX_REDIRECTS}", limit)])
        edits = [_edit(info, pair, input.meta) for pair in input.redirects]
        refuse(faults_of_batch(edits))
        made = zip(input.redirects, edits, strict=True)
        return RedirectsMade(outcomes=[await _made(info, pair, edit) for pair, edit in made])


def _edit(info: Info, pair: RedirectPair, meta: EditMeta) -> Edit:
    told = keyed(meta, pair.source)
    return of_many(an_edit(info, pair.source, None, told, SetRedirect(pair.target), str(pair.target)))


async def _made(info: Info, pair: RedirectPair, edit: Edit) -> RedirectOutcome:
    try:
        result: Edited | object = edited(await info.context.commit(edit))
    except StorageError as error:
        result = refused(error)
    return RedirectOutcome(
        source_id=strawberry.ID(pair.source),
        target_id=strawberry.ID(pair.target),
        result=result,  # type: ignore[arg-type]  # one of the union's types
    )
