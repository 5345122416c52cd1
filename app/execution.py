"""Run what was asked, for whom asked it. The same for HTTP, WebSocket and server-sent events, whose words it knows none of."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

from graphql import ExecutionResult, GraphQLError, OperationType
from starlette.datastructures import State

from app.access import Actor, permit
from app.answers import Answer, answer_of, told
from app.asked import Asked
from app.callers import NotAdmitted
from app.clients import told_left
from app.costs import with_cost
from app.limits import Limits, in_time
from app.requests import as_requests, costs, is_asked, operating
from graph.context import Context, DeletionRules, Progress
from graph.documents import NotExecutable, Operation, weighed
from graph.loaders import Loaders
from graph.running import follow, run
from storage import times
from storage.tally import part


@as_requests
async def answers(
    state: State, asked: Asked, actor: Actor, progress: Progress | None = None
) -> AsyncGenerator[Answer, None]:
    """One answer to a query or mutation, one for each event to a subscription. Must be closed.

    What ends a subscription, or keeps it from beginning, is told in a last answer without `data`. `progress` tells how
    far one has come, where that matters.
    """
    try:
        operation = state.documents.prepare(asked)
        if operation.type is not OperationType.SUBSCRIPTION:
            answer = await execute(state, operation, asked, actor)
            if left := await state.clients.left(actor.client):
                answer.setdefault("extensions", {})["rateLimit"] = told_left(left)
            yield answer
            return
        async with aclosing(_events(state, operation, asked, actor, progress)) as events:
            async for answer in events:
                yield answer
    except NotExecutable as refused:
        yield {"errors": told(refused.errors)}
    except NotAdmitted as outside:
        yield {"errors": [{"message": str(outside), "extensions": outside.extensions}]}


async def execute(state: State, operation: Operation, asked: Asked, actor: Actor) -> Answer:
    """The answer to a query or mutation. NotExecutable, and NotAdmitted, for what is beyond a limit."""
    limits: Limits = state.limits
    cost = weighed(operation, asked.variables, limits.rules)
    with operating(state, operation, actor):
        costs(cost)
        async with state.clients.under_way(actor, "operations", cost):
            with part("execute"):
                context = context_of(state, actor)
                work = run(
                    operation,
                    asked.variables,
                    context,
                    plans=state.documents.plans,
                    suggestions=limits.rules.suggestions,
                )
                result = await in_time(limits, operation.type, work)
        return with_cost(answer_of(result), asked, limits.rules.maxima.cost)


async def _events(
    state: State, operation: Operation, asked: Asked, actor: Actor, progress: Progress | None
) -> AsyncGenerator[Answer, None]:
    limits: Limits = state.limits
    cost = weighed(operation, asked.variables, limits.rules)
    async with state.clients.under_way(actor, "subscriptions", cost):
        is_asked(state, operation, actor)
        context = context_of(state, actor, progress)
        beginning = follow(
            operation,
            asked.variables,
            context,
            plans=state.documents.plans,
            suggestions=limits.rules.suggestions,
        )
        results = await in_time(limits, operation.type, beginning)
        if isinstance(results, ExecutionResult):
            yield answer_of(results)
            return
        try:
            async with aclosing(results) as events:  # type: ignore[type-var]  # an iterator that can be closed
                async for result in events:
                    yield answer_of(result)
        except Exception as error:
            if not isinstance(error, GraphQLError):
                error = GraphQLError(str(error), original_error=error)
            yield {"errors": told([error])}


def context_of(state: State, actor: Actor, progress: Progress | None = None) -> Context:
    """The means of one operation."""
    return Context(
        loaders=Loaders(state.stores),
        commit=state.work.commit,
        new_entity_id=state.work.new_entity_id,
        actor=actor,
        permit=partial(permit, actor),
        clock=times.now,
        deletion=DeletionRules(state.settings.hard_delete_approval, state.settings.retention_days),
        feed=state.feed,
        progress=progress or Progress(),
    )
