"""What the settings allow of each request: the maxima of documents, the time to answer, and what is shown of the schema."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, fields
from typing import TypeVar

from graphql import OperationType

from app.callers import NotAdmitted
from app.settings import Settings, WrongSetting
from graph.documents import Rules
from graph.limits.maxima import Maxima

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of all requests alike."""

    rules: Rules
    explorer: bool
    query_seconds: float
    mutation_seconds: float
    """0 is no limit."""


def limits_of(settings: Settings, *, credentials: bool) -> Limits:
    """The limits of the settings. WrongSetting if an operation that is allowed could never be paid for."""
    is_payable = 0 < settings.max_cost <= settings.cost_per_minute
    if counts_clients(settings, credentials=credentials) and settings.cost_per_minute and not is_payable:
        raise WrongSetting(
            f"MAX_COST is {settings.max_cost or 'none'}, and COST_PER_MINUTE {settings.cost_per_minute}: "
            "what costs more than a minute's budget could never run"
        )
    maxima = Maxima(**{one.name: getattr(settings, f"max_{one.name}") for one in fields(Maxima)})
    # Strangers: who is answered without a token. The schema is no secret where they may read.
    strangers = not credentials or settings.auth_anonymous == "reader"
    return Limits(
        Rules(
            maxima,
            introspection=_shown(settings.introspection, strangers),
            suggestions=_shown(settings.suggestions, not credentials),
        ),
        explorer=_shown(settings.explorer, strangers),
        query_seconds=settings.query_seconds,
        mutation_seconds=settings.mutation_seconds,
    )


def counts_clients(settings: Settings, *, credentials: bool) -> bool:
    """Whether each client is held to budgets: without credentials all are at this machine, and may do everything."""
    return settings.client_limits == "on" or (settings.client_limits == "auto" and credentials)


async def in_time(limits: Limits, kind: OperationType, work: Awaitable[T]) -> T:
    """What comes of the work. NotAdmitted if it does not end in its time: it is cancelled, but for commits under way."""
    is_edit = kind is OperationType.MUTATION
    seconds = limits.mutation_seconds if is_edit else limits.query_seconds
    try:
        async with asyncio.timeout(seconds or None) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise _unknown(seconds) if is_edit else _timed_out(seconds) from None


def _timed_out(seconds: float) -> NotAdmitted:
    message = f"the query did not end within {seconds:g} seconds: ask for less, or try again"
    return NotAdmitted(503, "timed_out", message, {}, {"limit": "QUERY_SECONDS", "maximum": seconds})


def _unknown(seconds: float) -> NotAdmitted:
    message = (
        f"the mutation did not end within {seconds:g} seconds. Nobody waited to see whether its edits were made: ask "
        "again with the same idempotency key, or read the entity"
    )
    return NotAdmitted(
        503,
        "outcome_unknown",
        message,
        {},
        {"limit": "MUTATION_SECONDS", "maximum": seconds, "timedOut": True},
    )


def _shown(setting: str, by_itself: bool) -> bool:
    return by_itself if setting == "auto" else setting == "on"
