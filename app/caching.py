"""How long an answer may be kept by who asked and by caches between, and whether they have it already (ADR 23).

Knows HTTP's words for it (RFC 9110, 13; RFC 9111), not what an answer is made of. Every answer is computed, also one that
is then not sent: only so is it known that nothing was taken away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

NOT_KEPT = {"Cache-Control": "no-store"}


def kept(body: bytes, media_type: str, *, seconds: int, private: bool) -> dict[str, str]:
    """The headers of an answer that may be kept: for so many seconds without asking, and after that if it is the same.

    0 seconds ask each time. `private` is for the cache of who asked alone.
    """
    # Weak: the same answer is sent in several codings.
    tag = hashlib.sha256(media_type.encode() + b"\n" + body).hexdigest()[:32]
    if not seconds:
        return {"ETag": f'W/"{tag}"', "Cache-Control": "private, no-cache"}
    whose = "private" if private else "public"
    return {"ETag": f'W/"{tag}"', "Cache-Control": f"{whose}, max-age={seconds}, must-revalidate"}


def is_had(tag: str, known: Sequence[str]) -> bool:
    """Whether these values of `If-None-Match` name the tag; weak or strong makes no difference here."""
    named = {one.strip() for one in ",".join(known).split(",")}
    return "*" in named or tag.removeprefix("W/") in {one.removeprefix("W/") for one in named}
