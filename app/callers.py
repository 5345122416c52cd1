"""Who asks: from the headers of a request, or what a WebSocket says first, to an actor.

Knows HTTP's words for credentials. Where none are configured everybody is the same actor with every role, which is why
such a server must be reached from its own machine alone (see `app.loopback`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.access import ANONYMOUS, EVERYBODY, Actor, Role
from app.keys import PAUSE_SECONDS, KeysUnavailable
from app.tokens import TokenRefused, Tokens

log = logging.getLogger(__name__)


class NotAdmitted(Exception):
    """The request is not answered: `status`, `code`, words, headers that say what would be, and further facts."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str],
        facts: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.status, self.code, self.headers, self.facts = status, code, headers, facts
        super().__init__(message)

    @property
    def retryable(self) -> bool:
        """Whether the same may be admitted later."""
        return self.status in (429, 503)

    @property
    def extensions(self) -> dict[str, object]:
        """What an error of GraphQL tells of it."""
        return {"code": self.code, "retryable": self.retryable, **self.facts}


async def caller(tokens: Tokens | None, authorizations: Sequence[str]) -> Actor:
    """Who asks with these values of `Authorization`. NotAdmitted unless they may at least read."""
    if tokens is None:
        return EVERYBODY
    if len(authorizations) > 1:
        raise NotAdmitted(
            400, "bad_authorization", "there is more than one Authorization", _challenge("invalid_request")
        )
    if not authorizations:
        if Role.READER in tokens.rules.anonymous:
            return Actor(ANONYMOUS, tokens.rules.anonymous)
        raise NotAdmitted(401, "unauthenticated", "nothing is answered without a token", _challenge())
    scheme, _, token = authorizations[0].strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        message = "the Authorization is not `Bearer` and a token"
        raise NotAdmitted(401, "unauthenticated", message, _challenge("invalid_token"))
    try:
        actor = await tokens.actor(token.strip())
    except TokenRefused as refused:
        raise NotAdmitted(401, "unauthenticated", str(refused), _challenge("invalid_token")) from refused
    except KeysUnavailable as error:
        # Why is for the log: where our keys lie is nobody's business.
        log.warning("tokens can't be checked: %s", error)
        message = "tokens can't be checked at the moment"
        raise NotAdmitted(503, "unavailable", message, {"Retry-After": f"{PAUSE_SECONDS:.0f}"}) from error
    if Role.READER not in actor.roles:
        raise NotAdmitted(403, "forbidden", "the token gives no role here", _challenge("insufficient_scope"))
    return actor


def _challenge(error: str = "") -> dict[str, str]:
    """The header by RFC 6750."""
    return {"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"}
