"""How the memory for what was read is shared: between the objects and the parts of answers that are made of them."""

from __future__ import annotations

from app.settings import Settings
from graph.plan import Plans
from storage.cache import Cache

FOR_PARTS = 0.25
"""Of `CACHE_BYTES`. After 4,000 mixed queries over real entities a part weighed 2.2 kB and an object 7.6 kB."""


def parts_bytes(settings: Settings) -> int:
    """What parts of answers may take; nothing without a plan, which makes them."""
    has_plan = settings.plan and settings.prepared_bytes > 0
    return int(settings.cache_bytes * FOR_PARTS) if has_plan else 0


def cache_of(settings: Settings, plans: Plans | None) -> Cache:
    """What is kept of objects. What is erased of them is no part of an answer any more either."""
    parts = plans.parts if plans is not None else None
    bound = settings.cache_bytes - (parts.bound if parts is not None else 0)
    return Cache(bound, parts.forget if parts is not None else None)
