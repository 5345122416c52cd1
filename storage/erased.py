"""What an erased statement leaves behind, and where an edit would bring it back. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator

from storage.content import body_of
from storage.errors import Fault
from storage.model import Claims, Content, Group, JsonObject, StatementHash


def mark_of(key: bytes, digest: bytes) -> bytes:
    """By this the content is known again; who has not the key can't find it out by trying."""
    return hmac.digest(key, digest, "sha256")


def faults_at(entity: JsonObject, digests: Collection[bytes]) -> list[Fault]:
    """A fault for each statement of the entity JSON that has one of these digests."""
    wanted = set(digests)
    return [
        Fault(pointer, "erased_content", "this content was erased and can't be written again")
        for pointer, statement in _statements(entity)
        if body_of(statement).digest in wanted
    ]


def without(content: Content, erased: Collection[StatementHash]) -> Content:
    """The content without these statements; a property that has no others goes with them."""
    return Content(
        content.entity,
        _without(content.claims, erased),
        {part: _without(claims, erased) for part, claims in content.parts.items()},
    )


def _without(claims: Claims, erased: Collection[StatementHash]) -> Claims:
    groups = []
    for group in claims.groups:
        left = tuple(one for one in group.statements if one.hash not in erased)
        if left or not group.statements:
            groups.append(Group(group.property, left))
    return Claims(tuple(groups))


def _statements(entity: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    subjects = [("", entity)]
    for field in ("forms", "senses"):
        subjects += [(f"/{field}/{place}", part) for place, part in enumerate(entity.get(field) or ())]
    for pointer, subject in subjects:
        for property_id, group in (subject.get("claims") or {}).items():
            for place, statement in enumerate(group):
                yield f"{pointer}/claims/{property_id}/{place}", statement
