"""What becomes of each mutation in each state of its entity: the one table, and what its words mean (W3, W5-W8, Q7).

Written by hand from the requirements. Knows nothing of the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

TABLE = """
                    | edit       | revert      | protect | delete     | undelete    | hard delete | restore     | lead there
missing             | missing    | missing     | missing | missing    | missing     | missing     | missing     | to missing
ordinary            | made       | no redirect | made    | made       | not deleted | made        | not deleted | made
archived            | archived   | archived    | made    | archived   | archived    | archived    | not deleted | to archived
locked              | locked     | locked      | made    | locked     | locked      | locked      | not deleted | to locked
mass_edit_protected | mass       | mass        | made    | mass       | mass        | mass        | not deleted | made
semi_protected      | semi       | semi        | made    | semi       | semi        | semi        | not deleted | made
redirect            | redirected | made        | made    | redirected | not deleted | made        | not deleted | to redirect
deleted             | deleted    | no redirect | made    | deleted    | made        | made        | not deleted | to deleted
gone                | gone       | gone        | gone    | gone       | gone        | gone        | made        | to gone
released            | gone       | gone        | gone    | gone       | gone        | gone        | ended       | to gone
"""
"""State by what is wanted. `mass` and `semi` are the protections that stop only some: else as with an ordinary one."""

WANTED = {
    "editEntity": "edit",
    "restoreRevision": "edit",
    "createRedirect": "edit",
    "createRedirects": "edit",
    "revertRedirect": "revert",
    "lockEntity": "protect",
    "unlockEntity": "protect",
    "archiveEntity": "protect",
    "unarchiveEntity": "protect",
    "semiProtectEntity": "protect",
    "liftSemiProtection": "protect",
    "massEditProtectEntity": "protect",
    "liftMassEditProtection": "protect",
    "deleteEntity": "delete",
    "deleteEntities": "delete",
    "undeleteEntity": "undelete",
    "hardDeleteEntity": "hard delete",
    "approveHardDeletion": "hard delete",
    "restoreDeletedEntity": "restore",
}
"""The column of each mutation, for the entity that it changes. `lead there` is for the target of `createRedirect`."""

ENDINGS = {
    "missing": ("EditRefused", "entity_not_found", None),
    "archived": ("EditRefused", "protected", "archived"),
    "locked": ("EditRefused", "protected", "locked"),
    "mass": ("EditRefused", "protected", "mass_edit_protected"),
    "semi": ("EditRefused", "protected", "semi_protected"),
    "redirected": ("EditRefused", "redirected", None),
    "deleted": ("EditRefused", "deleted", None),
    "gone": ("EditRefused", "gone", None),
    "not deleted": ("EditRefused", "not_deleted", None),
    "no redirect": ("EditRefused", "not_a_redirect", None),
    "ended": ("EditRefused", "retention_ended", None),
    "stale": ("EditConflict", "edit_conflict", None),
    **{
        f"to {why}": ("EditRefused", "redirect_target_unfit", why)
        for why in ("missing", "archived", "locked", "redirect", "deleted", "gone")
    },
}
"""Type, code and second word of each refusal."""

MADE = {"delete": "Deleted", "hard delete": "Deleted"}
"""The type of a good ending, where it is not `Edited`."""

WHO = {
    "edit": ["editor", "autoconfirmed"],
    "revert": ["editor", "autoconfirmed"],
    "protect": ["protector"],
    "delete": ["deleter"],
    "undelete": ["deleter"],
    "hard delete": ["deleter"],
    "restore": ["administrator"],
    "lead there": ["editor"],
}
"""The roles that make a difference, of those who may at all."""
BATCHES = {"createRedirects": ["bot"], "deleteEntities": ["deleter"]}
"""Those who may send a batch, in which nobody names bases."""
BASES = ("fresh", "stale", "none")

Ending = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One try: who wants what of an entity in which state, on which base, and how it must end."""

    mutation: str
    state: str
    role: str
    mass: bool
    base: str
    ending: Ending

    def __str__(self) -> str:
        return f"{self.mutation} {self.state} {self.role}{' mass' if self.mass else ''} {self.base}"


def cells() -> dict[str, dict[str, str]]:
    """The table's words by column and state."""
    head, *lines = (line.split("|") for line in TABLE.strip("\n").splitlines())
    rows = {line[0].strip(): [cell.strip() for cell in line[1:]] for line in lines}
    return {
        column.strip(): {state: row[number] for state, row in rows.items()}
        for number, column in enumerate(head[1:])
    }


def rows(mutation: str, column: str) -> list[Row]:
    """All tries of a mutation, and in each state that of a reader, who is not told which it is."""
    found = []
    for state in cells()[column]:
        for role in BATCHES.get(mutation, WHO[column]):
            found += [one for one in _of(mutation, column, state, role) if _possible(one)]
        found.append(replace(found[-1], role="reader", ending=("RequestRefused", "forbidden", None)))
    return found


def _of(mutation: str, column: str, state: str, role: str) -> Iterator[Row]:
    word = cells()[column][state]
    for mass in (False, True):
        for base in BASES:
            ending = _ending(column, word, role, mass=mass or mutation in BATCHES, base=base)
            yield Row(mutation, state, role, mass, base, ending)


def _possible(row: Row) -> bool:
    if row.mutation in BATCHES:
        return row.base == "none"
    return row.mutation != "editEntity" or row.base != "none"


def _ending(column: str, word: str, role: str, *, mass: bool, base: str) -> Ending:
    if word in ("mass", "semi"):
        stops = mass or (word == "semi" and role == "editor")
        word = word if stops else cells()[column]["ordinary"]
    # What can't be told of the head alone is asked for after the base.
    if base == "stale" and (word in ("made", "ended") or word.startswith("to ")):
        word = "stale"
    return ENDINGS.get(word) or (MADE.get(column, "Edited"), None, None)
