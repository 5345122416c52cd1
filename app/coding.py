"""Answers in fewer bytes, for who takes them so. Streams are not for this: each of their parts is to arrive at once."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence

import zstandard

from app.accepting import best_coding

CODINGS = ("zstd", "gzip")
_IN_A_THREAD = 128 * 1024
"""Bytes from which compressing takes milliseconds, in which other requests go on."""


async def coded(body: bytes, accepts: Sequence[str], *, least: int) -> tuple[bytes, dict[str, str]]:
    """The body and the headers that tell its coding: compressed if it has `least` bytes (0: never) and that is taken.

    `accepts` are the values of `Accept-Encoding`.
    """
    coding = best_coding(accepts, CODINGS) if least and len(body) >= least else None
    if coding is None:
        return body, {}
    in_a_thread = len(body) >= _IN_A_THREAD
    sent = await asyncio.to_thread(_compressed, body, coding) if in_a_thread else _compressed(body, coding)
    return sent, {"Content-Encoding": coding}


def _compressed(body: bytes, coding: str) -> bytes:
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(body)
    return gzip.compress(body, compresslevel=5, mtime=0)
