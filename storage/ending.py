"""How a task that runs until it is cancelled sees that it was."""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Whether this task was told to end, even if what it awaited has lost the word.

    Until Python 3.12 `asyncio.wait_for`, by which drivers connect, does: when the cancellation comes together with what
    is waited for. Who then goes on for ever keeps for ever those who wait for its end.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pause(seconds: float) -> None:
    """Sleep, unless this task was told to end. CancelledError."""
    if is_cancelled():
        raise asyncio.CancelledError
    await asyncio.sleep(seconds)
