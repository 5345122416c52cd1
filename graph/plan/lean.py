"""The standard executor, without what makes it outlive its request or grow while it follows events."""

from __future__ import annotations

from functools import partial
from typing import Any
from weakref import proxy

from graphql import GraphQLResolveInfoHelpers
from graphql.execution.executor import Executor
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental


class LeanExecutor(ExecutorThrowingOnIncremental):
    """Answers as the standard one. It goes with its last use: nothing that it holds holds it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The standard one's are its own bound methods. All that a request read would then wait with the executor for the
        # collector of cycles, which stops the process the longer, the more waits for it.
        itself = proxy(self)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=partial(Executor.gather_async_work, itself),
            track=partial(Executor.track_async_work, itself),
        )

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """As the standard one, but without its memory, which all events would share, find nothing in and add to."""
        executor = super().build_per_event_executor(payload)
        executor._relevant_sub_fields = {}
        return executor
