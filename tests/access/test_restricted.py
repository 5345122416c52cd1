"""A query field that is kept back, in a schema of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import strawberry

from app.access import Actor, Role, implied, permit
from graph.failures import extensions
from graph.restricted import Restricted
from storage.errors import Forbidden


def at_once() -> int:
    return 1


async def after_a_wait() -> int:
    return 2


@strawberry.type
class Kept:
    """A root whose fields have names of the table."""

    audit_log: int = strawberry.field(resolver=at_once, extensions=[Restricted()])
    deleted_entity: int = strawberry.field(resolver=after_a_wait, extensions=[Restricted()])


class Means:
    """As much of a context as a restricted field reaches for."""

    def __init__(self, role: Role) -> None:
        self.permit = partial(permit, Actor("Alice", implied([role])))


@pytest.mark.parametrize(
    ("role", "data", "refused"),
    [
        (Role.ADMINISTRATOR, {"log": 1, "deletedEntity": 2}, []),
        (Role.DELETER, {"log": 1}, ["administrator"]),
        (Role.EDITOR, {}, ["deleter", "administrator"]),
    ],
)
async def test_a_field_kept_back_is_forbidden_before_it_runs(
    role: Role, data: dict[str, Any], refused: list[str]
) -> None:
    """O3: by its own name, whatever it is called in the answer, and whether it waits or not."""
    schema = strawberry.Schema(Kept)
    answers = [
        await schema.execute(query, context_value=Means(role))
        for query in ("{log: auditLog}", "{deletedEntity}")
    ]
    found: dict[str, Any] = {}
    for answer in answers:
        found |= answer.data or {}
    assert found == data
    errors = [error.original_error for answer in answers for error in answer.errors or ()]
    assert all(isinstance(error, Forbidden) for error in errors)
    told = [extensions(error) for error in errors if isinstance(error, Forbidden)]
    assert told == [{"code": "forbidden", "retryable": False, "role": role} for role in refused]
