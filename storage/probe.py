"""Refuse an object store that does not keep the promise which immutability rests on (S3)."""

from __future__ import annotations

import os

from storage.errors import StorageError
from storage.keys import Bucket, Key
from storage.model import Attempt
from storage.ports import NewObject, Objects


class NoConditionalCreation(StorageError):
    """The object store lets a second writer replace an object."""

    code = "no_conditional_creation"


async def probe(objects: Objects) -> None:
    """Try to write one new object twice. NoConditionalCreation unless the second try is refused and told whose
    the first was."""
    first, second = Attempt(os.urandom(16)), Attempt(os.urandom(16))
    key = Key(Bucket.STATEMENTS, f"probe/{first.hex()}")
    try:
        before = await objects.put_absent([NewObject(key, b"first", first)])
        after = await objects.put_absent([NewObject(key, b"second", second)])
        stored = (await objects.get([key])).get(key)
    finally:
        await objects.delete([key])
    kept = getattr(stored, "data", None) == b"first"
    if before or after != {key: first} or not kept:
        raise NoConditionalCreation(
            "the object store let a second writer replace an object: it can't be used"
        )
