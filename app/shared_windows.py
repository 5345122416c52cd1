"""Where counts of rates are kept by several processes together: a server that speaks Redis's protocol, Redis or Valkey.

The script that counts is the library's, and runs there in one piece, so that no two processes give the same budget away.
"""

from __future__ import annotations

from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool

ANSWER_SECONDS = 1.0
"""So long at most a request waits for its count."""
SCHEMES = ("redis://", "rediss://", "redis+unix://")


class SharedWindows:
    """Counts at the server of this URL, for as long as it is not closed: `storage` is where the library counts.

    ValueError for a URL of none of the `SCHEMES`. What goes wrong later is a `limits.errors.StorageError`.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(SCHEMES):
            raise ValueError(f"none of {', '.join(SCHEMES)}")
        self._pool: ConnectionPool = ConnectionPool.from_url(
            url.removeprefix("redis+") if url.startswith("redis+") else url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
        )
        # The library's type of an option knows no pool; its text does.
        options: dict[str, Any] = {"connection_pool": self._pool}
        self.storage = RedisStorage(url, wrap_exceptions=True, implementation="redispy", **options)

    async def close(self) -> None:
        """Leave the server."""
        await self._pool.aclose()
