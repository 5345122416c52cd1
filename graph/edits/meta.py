"""What a client tells of an edit beside the change, and what becomes of it: who, why, how, and the key of a retry.

The editor is who asks, by credentials; there is no input for it (W9).
"""

from __future__ import annotations

import strawberry

from graph.context import Info
from storage.canonical import NotCanonical, digest
from storage.edits import request_digest
from storage.errors import Fault, Invalid
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey
from storage.validation import Level, faults

MAX_KEY = 256


@strawberry.input(description="What is told of an edit beside the change.")
class EditMeta:
    """For the history."""

    summary: str = strawberry.field(default="", description="Why, in words; at most 500 characters.")
    bot: bool = strawberry.field(default=False, description="Whether a bot made it.")
    is_mass_edit: bool = strawberry.field(default=False, description="Whether it is one of many of a kind.")
    edit_type: str = strawberry.field(
        default="",
        description="What kind of edit, in a word of your own; those that the server sets are refused.",
    )
    batch_id: str | None = strawberry.field(default=None, description="The batch that the edit belongs to.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of your own, new for each edit: a retry with it returns the first outcome.",
    )


def edit_info(info: Info, meta: EditMeta) -> EditInfo:
    """Who edits, why and how. Forbidden where `bot` is said by one who is none: a client's word is no fact."""
    if meta.bot:
        info.context.permit("meta.bot")
    return EditInfo(
        editor=info.context.actor.name,
        summary=meta.summary,
        edit_type=meta.edit_type,
        is_mass_edit=meta.is_mass_edit,
        bot=meta.bot,
        batch_id=meta.batch_id,
    )


def edit_key(info: Info, meta: EditMeta, verb: str, asked: JsonObject) -> EditKey | None:
    """The key, scoped to its editor, with the digest of all that the client asked for. Invalid if it is no key."""
    if meta.idempotency_key is None:
        return None
    check_key(meta.idempotency_key)
    told = [meta.summary, meta.bot, meta.is_mass_edit, meta.edit_type, meta.batch_id]
    try:
        key = digest(f"{info.context.actor.name}\n{meta.idempotency_key}".encode())
        return EditKey(key, request_digest(verb, asked, told))
    except (NotCanonical, UnicodeEncodeError) as error:
        entity = asked if verb == "create" else asked.get("entity")
        found = faults(entity, Level.STRICT) if entity is not None else []
        raise Invalid(found or [Fault("", "invalid_unicode", "holds a lone surrogate")]) from error


def check_key(key: str) -> None:
    """Invalid if this is no idempotency key."""
    if not 1 <= len(key) <= MAX_KEY:
        raise Invalid([Fault("/meta/idempotencyKey", "invalid_length", f"has 1 to {MAX_KEY} characters")])
