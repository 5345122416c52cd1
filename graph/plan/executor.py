"""An executor that answers by compiled functions where there are any, and else, and where one raises, as the standard one.

What a function is called for has no side effect, so that it may be done again by the standard executor, from its start:
errors, their paths, and nulls that spread are all the standard's. Lazy fields are never begun before the function that
leaves them out has come to its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path, gather_with_cancel
from graphql.pyutils.is_awaitable import is_awaitable

from graph.plan.compiling import Details, Hole, Selections
from graph.plan.lean import LeanExecutor
from graph.plan.paths import Place, path_of

if TYPE_CHECKING:
    from graph.plan.plans import Plans

Missing = tuple[dict[str, Any], Any, Any]
"""What a hole was noted with: the object of the answer that it is in, the source of that, and its place."""


class Run:
    """What functions that are called for one value, or for those of one round of holes, note."""

    __slots__ = ("_arguments", "_executor", "count", "holes")

    def __init__(self, executor: PlanExecutor) -> None:
        self._executor = executor
        self._arguments: dict[int, dict[str, Any]] = {}
        self.count = 0
        """Fields that were answered."""
        self.holes: defaultdict[int, list[Missing]] = defaultdict(list)

    def arguments(self, number: int) -> dict[str, Any]:
        """The arguments of a plain field. What is wrong with them is raised."""
        if number not in self._arguments:
            self._arguments[number] = self._executor.arguments_of(number)
        return self._arguments[number]


class PlanExecutor(LeanExecutor):
    """Of one operation, or of one event of a subscription."""

    plans: ClassVar[Plans]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._compiled = 0
        self._standard = 0
        self._selections: Selections | None = None
        if self._is_usual():
            self._selections = self.plans.selections(self.operation, self.fragments, self.variable_values)

    def _is_usual(self) -> bool:
        """Whether fields are resolved as the binding says: nothing stands between, and nothing may stop it."""
        return (
            self.schema is self.plans.binding.schema
            and self.middleware_manager is None
            and self.abort_signal is None
            and self.field_resolver is default_field_resolver
            and self.type_resolver is default_type_resolver
            and self.is_awaitable is is_awaitable
        )

    def build_response(self, data: dict[str, Any] | None) -> Any:
        """As the standard one; what was counted is told."""
        self.plans.count(self._compiled, self._standard)
        return super().build_response(data)

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: Details,
        path: Path,
        position_context: None,
    ) -> Any:
        """As the standard one, counted."""
        self._standard += 1
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: Details,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: None,
    ) -> Any:
        """By a compiled function, or as the standard one."""
        # Of a type that is not null the standard one asks again, for the type within.
        if (
            self._selections is not None
            and result is not None
            and field_details_list[0].node.selection_set is not None
            and not isinstance(return_type, GraphQLNonNull)
            and (compiled := self._selections.of(return_type, field_details_list)) is not None
        ):
            run = Run(self)
            try:
                completed = compiled(result, run, path)
            except Exception:  # the standard one meets it again, and tells it
                pass
            else:
                self._compiled += run.count
                return self._filled(completed, run) if run.holes else completed
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)

    def arguments_of(self, number: int) -> dict[str, Any]:
        """The arguments of a plain field of the selections. What is wrong with them is raised."""
        assert self._selections is not None
        plain = self._selections.with_arguments[number]
        return get_argument_values(plain.field, plain.details[0].node, self.variable_values)

    async def _filled(self, completed: Any, run: Run) -> Any:
        await self._fill(run)
        return completed

    async def _fill(self, run: Run) -> None:
        """Fill the holes of a run, and those that are found in filling them."""
        assert self._selections is not None
        holes = self._selections.holes
        await _all(
            [
                self._fill_together(holes[number], missing)
                if holes[number].lazy is not None
                else self._fill_each(holes[number], missing)
                for number, missing in run.holes.items()
            ]
        )

    async def _fill_each(self, hole: Hole, missing: list[Missing]) -> None:
        """By the standard executor, which tells what goes wrong."""
        waiting = []
        for answer, source, place in missing:
            path = _path(place, hole)
            value = self.execute_field(hole.parent, source, hole.details, path, None)
            if self.is_awaitable(value):
                waiting.append(_put(answer, hole.name, value))
            else:
                answer[hole.name] = value
        await _all(waiting)

    async def _fill_together(self, hole: Hole, missing: list[Missing]) -> None:
        assert hole.lazy is not None
        run = Run(self)
        waiting = []
        values = await self._values(hole, missing)
        for (answer, _, place), value in zip(missing, values, strict=True):
            if value is None:
                continue
            noted = [(holes, len(holes)) for holes in run.holes.values()]
            count = run.count
            try:
                answer[hole.name] = hole.complete(value, run, (place, hole.name, hole.parent.name))
            except Exception:
                # What was noted on the way is in an answer that nobody gets.
                known = len(noted)
                for holes, length in noted:
                    del holes[length:]
                for number in list(run.holes)[known:]:
                    del run.holes[number]
                run.count = count
                completed = self._completed(hole, value, _path(place, hole))
                if self.is_awaitable(completed):
                    waiting.append(_put(answer, hole.name, completed))
                else:
                    answer[hole.name] = completed
        self._compiled += run.count + len(missing)
        await _all([*waiting, self._fill(run)])

    async def _values(self, hole: Hole, missing: list[Missing]) -> Iterable[Any]:
        """The values of a hole, in their order; an exception in the place of one that there is none of."""
        assert hole.lazy is not None
        info = self._info(hole, _path(missing[0][2], hole))
        try:
            arguments = get_argument_values(
                hole.field, hole.details[0].node, self.variable_values, None, self.hide_suggestions
            )
            sources = [source for _, source, _ in missing]
            return await hole.lazy.together(sources, info, arguments)
        except Exception as error:
            return [error] * len(missing)

    def _completed(self, hole: Hole, value: Any, path: Path) -> Any:
        """A value of a hole by the standard executor, which tells what goes wrong. It may have to be waited for."""
        returned, details = hole.field.type, hole.details
        try:
            completed = super().complete_value(returned, details, self._info(hole, path), path, value, None)
        except Exception as error:
            self.handle_field_error(error, returned, details, path)
            return None
        if not self.is_awaitable(completed):
            return completed

        async def waited() -> Any:
            try:
                return await completed
            except Exception as error:
                self.handle_field_error(error, returned, details, path)
                return None

        return waited()

    def _info(self, hole: Hole, path: Path) -> GraphQLResolveInfo[Any]:
        nodes = [one.node for one in hole.details]
        return self.build_resolve_info(hole.field, nodes, hole.parent, path)


def _path(place: Place, hole: Hole) -> Path:
    return Path(path_of(place), hole.name, hole.parent.name)


async def _put(answer: dict[str, Any], name: str, value: Awaitable[Any]) -> None:
    answer[name] = await value


async def _all(waiting: list[Any]) -> None:
    """Wait for all, without a task of its own for one alone."""
    if len(waiting) == 1:
        await waiting[0]
    elif waiting:
        await gather_with_cancel(*waiting)
