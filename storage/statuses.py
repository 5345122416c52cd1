"""By which lists an entity is found: its state, and the edit type of its latest revision (Q6). Pure."""

from __future__ import annotations

from enum import StrEnum

from storage.errors import Fault, Invalid
from storage.model import Flags


class Status(StrEnum):
    """A list of entities, by the flag of the head that puts an entity on it."""

    LOCKED = "is_locked"
    ARCHIVED = "is_archived"
    SEMI_PROTECTED = "is_semi_protected"
    MASS_EDIT_PROTECTED = "is_mass_edit_protected"
    DANGLING = "is_dangling"
    DELETED = "is_soft_deleted"
    REDIRECT = "is_redirect"


def of_type(edit_type: str) -> str:
    """The name of the list of entities whose latest revision has this edit type."""
    return f"type:{edit_type}"


def list_name(status: str | None, edit_type: str | None) -> str:
    """The name of the list that is asked for by exactly one of the two. Invalid else."""
    if (status is None) == (edit_type is None):
        raise Invalid([Fault("", "one_of", "give a status or an edit type, and only one of them")])
    return status if status is not None else of_type(edit_type or "")


def lists(flags: Flags, edit_type: str) -> frozenset[str]:
    """The names of the lists that an entity in this state stands on. A hard-deleted one stands on none."""
    if flags.is_deleted:
        return frozenset()
    found = {status.value for status in Status if getattr(flags, status.value)}
    return frozenset(found | {of_type(edit_type)} if edit_type else found)
