"""Who may do what: the roles, what they imply, and the one table of what needs which.

Knows names of fields as GraphQL says them, and nothing of tokens. `docs/access.md` is the table in words; a test holds
the two together, and tries every pair.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storage.errors import Forbidden


class Role(enum.StrEnum):
    """What somebody may be."""

    READER = "reader"
    EDITOR = "editor"
    AUTOCONFIRMED = "autoconfirmed"
    BOT = "bot"
    PROTECTOR = "protector"
    DELETER = "deleter"
    ADMINISTRATOR = "administrator"


IMPLIES: Mapping[Role, frozenset[Role]] = {
    Role.READER: frozenset(),
    Role.EDITOR: frozenset({Role.READER}),
    Role.AUTOCONFIRMED: frozenset({Role.EDITOR}),
    Role.BOT: frozenset({Role.AUTOCONFIRMED}),
    Role.PROTECTOR: frozenset({Role.AUTOCONFIRMED}),
    Role.DELETER: frozenset({Role.AUTOCONFIRMED}),
    Role.ADMINISTRATOR: frozenset({Role.BOT, Role.PROTECTOR, Role.DELETER}),
}
"""The roles next below each."""

MUTATIONS: Mapping[str, Role] = {
    "createEntity": Role.EDITOR,
    "editEntity": Role.EDITOR,
    "restoreRevision": Role.EDITOR,
    "undoRevision": Role.EDITOR,
    "createRedirect": Role.EDITOR,
    "revertRedirect": Role.EDITOR,
    "lockEntity": Role.PROTECTOR,
    "unlockEntity": Role.PROTECTOR,
    "archiveEntity": Role.PROTECTOR,
    "unarchiveEntity": Role.PROTECTOR,
    "semiProtectEntity": Role.PROTECTOR,
    "liftSemiProtection": Role.PROTECTOR,
    "massEditProtectEntity": Role.PROTECTOR,
    "liftMassEditProtection": Role.PROTECTOR,
    "deleteEntity": Role.DELETER,
    "undeleteEntity": Role.DELETER,
    "hardDeleteEntity": Role.DELETER,
    "approveHardDeletion": Role.DELETER,
    "rejectHardDeletion": Role.DELETER,
    "deleteEntities": Role.DELETER,
    "createRedirects": Role.BOT,
    "restoreDeletedEntity": Role.ADMINISTRATOR,
    "eraseStatement": Role.ADMINISTRATOR,
    "eraseRevisions": Role.ADMINISTRATOR,
    "collectOrphans": Role.ADMINISTRATOR,
}

QUERIES: Mapping[str, Role] = {
    "auditLog": Role.DELETER,
    "hardDeletionRequests": Role.DELETER,
    "erasures": Role.DELETER,
    "deletedEntity": Role.ADMINISTRATOR,
}
"""Fields of the root of reads that are kept back. All others are for every reader."""

INPUTS: Mapping[str, Role] = {"meta.bot": Role.BOT}
"""What only some may say in an input."""

_NEEDED = {**MUTATIONS, **QUERIES, **INPUTS}

ANONYMOUS = "anonymous"
"""Who asks without a token where there are credentials. Never an editor."""

NOBODY = "entity-api"
"""The editor where there are no credentials, and of imports. No token may bear this name."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, with all the roles that theirs imply."""

    name: str
    roles: frozenset[Role]
    expires: float | None = None
    """When the token stops being taken, in seconds since 1970; None for one who has none."""
    client: str = ""
    """Under which name their requests are counted; empty where nobody's are."""

    @property
    def autoconfirmed(self) -> bool:
        """Whether semi-protection lets them through."""
        return Role.AUTOCONFIRMED in self.roles


EVERYBODY = Actor(NOBODY, frozenset(Role))
"""Whoever asks where there are no credentials: the server listens on loopback only."""


def implied(roles: Iterable[Role]) -> frozenset[Role]:
    """The roles and all below them."""
    found: set[Role] = set()
    left = list(roles)
    while left:
        role = left.pop()
        if role not in found:
            found.add(role)
            left += IMPLIES[role]
    return frozenset(found)


def permit(actor: Actor, what: str) -> None:
    """Nothing, if the actor may. Forbidden if not; KeyError for what no table names: it is closed to all."""
    role = _NEEDED[what]
    if role not in actor.roles:
        raise Forbidden(what, role)
