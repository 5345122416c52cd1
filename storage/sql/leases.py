"""Who does a job that one process should do at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, or_, update
from sqlalchemy.exc import IntegrityError

from storage.sql.tables import leases


def hold_lease(connection: Connection, name: str, owner: str, seconds: float, now: datetime) -> bool:
    """Take or prolong a lease, unless another's runs."""
    until = now + timedelta(seconds=seconds)
    # A clock that was ahead may have left a lease far in the future: nothing beyond twice its length is believed.
    believed = now + timedelta(seconds=2 * seconds)
    ours = or_(leases.c.owner == owner, leases.c.expires_at <= now, leases.c.expires_at > believed)
    taken = connection.execute(
        update(leases).where(leases.c.name == name, ours).values(owner=owner, expires_at=until)
    )
    if taken.rowcount == 1:
        return True
    try:
        connection.execute(insert(leases).values(name=name, owner=owner, expires_at=until))
    except IntegrityError:
        return False
    return True
