"""Ports of this machine for servers that are told where to listen, and must find the same port free when they come back.

They lie below those that the operating system gives to outgoing connections, so that no client takes one meanwhile.
"""

from __future__ import annotations

import random
import socket

SECOND = 10_000
"""A server of SeaweedFS listens a second time so far above each of its ports."""

_FIRST = range(11_000, 22_000)
_SOURCE = random.SystemRandom()
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Ports that are free, as are those so far above; none is given twice in a process, neither as one nor as other."""
    found: list[int] = []
    while len(found) < count:
        port = _SOURCE.choice(_FIRST)
        both = {port, port + SECOND}
        if not both & _given and all(map(_is_free, both)):
            _given.update(both)
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
