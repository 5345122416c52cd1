"""On which shard of Vitess a row lies, as the vindex of `schemas/vschema.json` says: xxhash of the shard key's text."""

from __future__ import annotations

from collections.abc import Callable

import xxhash

ShardOf = Callable[[int], int]
"""The number of the shard of an internal id or of a statement's hash."""


def of_vitess(shards: int) -> ShardOf:
    """Which of so many equal ranges of keyspace ids a shard key falls into."""

    def shard(key: int) -> int:
        # A keyspace id is compared byte by byte, and the vindex writes the hash's last byte first.
        keyspace_id = xxhash.xxh64_intdigest(b"%d" % key).to_bytes(8, "little")
        return int.from_bytes(keyspace_id, "big") * shards >> 64

    return shard
