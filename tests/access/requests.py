"""A request for each mutation and each query field that is kept back, which those who may could make."""

from __future__ import annotations

from collections.abc import Mapping

from storage.canonical import hash64
from storage.content import split
from tests.lives import second

STATES: Mapping[str, str] = {
    "Q5": "ordinary",
    "Q1": "ordinary",
    "Q2": "locked",
    "Q3": "archived",
    "Q4": "semi_protected",
    "Q6": "mass_edit_protected",
    "Q7": "redirect",
    "Q8": "deleted",
    "Q9": "gone",
    **dict.fromkeys((f"Q{number}" for number in range(11, 27)), "ordinary"),
}
"""The entities of the store that the requests are made over. Q5 is where Q7 leads."""
ASKED_FOR = ("Q21", "Q22")
"""Somebody asks for the hard deletion of these."""
ERASED = "Q26"
"""The first revision of this one is erased."""

[_BODY] = split(second("Q25").json()).bodies.values()
_STATEMENT = hash64(_BODY.canonical)
"""The statement that Q25 alone holds."""

_PROTECTING = {
    "lockEntity": "Q11",
    "unlockEntity": "Q2",
    "archiveEntity": "Q12",
    "unarchiveEntity": "Q3",
    "semiProtectEntity": "Q13",
    "liftSemiProtection": "Q4",
    "massEditProtectEntity": "Q14",
    "liftMassEditProtection": "Q6",
}

MUTATIONS: Mapping[str, str] = {
    "createEntity": 'createEntity(input: {entity: {type: "item"}})',
    "editEntity": 'editEntity(input: {id: "Q1", baseRevisionId: 2, entity: {id: "Q1", type: "item"}})',
    "restoreRevision": 'restoreRevision(input: {id: "Q15", revisionId: 1})',
    "undoRevision": 'undoRevision(input: {id: "Q23", revisionId: 2})',
    "eraseRevisions": 'eraseRevisions(input: {id: "Q24", revisionIds: [1], reason: "a demand"})',
    "eraseStatement": f'eraseStatement(input: {{hash: "{_STATEMENT}", reason: "a demand"}})',
    "collectOrphans": "collectOrphans(input: {dryRun: false})",
    "createRedirect": 'createRedirect(input: {id: "Q16", target: "Q5"})',
    "revertRedirect": 'revertRedirect(input: {id: "Q7", revisionId: 2, reason: "an error"})',
    **{name: f'{name}(input: {{id: "{entity}"}})' for name, entity in _PROTECTING.items()},
    "deleteEntity": 'deleteEntity(input: {id: "Q17", reason: "a duplicate"})',
    "undeleteEntity": 'undeleteEntity(input: {id: "Q8", reason: "an error"})',
    "hardDeleteEntity": 'hardDeleteEntity(input: {id: "Q18", reason: "a demand"})',
    "approveHardDeletion": 'approveHardDeletion(input: {id: "Q21"})',
    "rejectHardDeletion": 'rejectHardDeletion(input: {id: "Q22"})',
    "deleteEntities": 'deleteEntities(input: {ids: ["Q19"], dryRun: false, reason: "a duplicate"})',
    "createRedirects": 'createRedirects(input: {redirects: [{source: "Q20", target: "Q5"}]})',
    "restoreDeletedEntity": 'restoreDeletedEntity(input: {id: "Q9", reason: "an error"})',
}
"""By name."""

FINDS_NOTHING = ("collectOrphans",)
"""Mutations that have nothing to do on such a store."""

TELLS_NOTHING = ("rejectHardDeletion", "eraseRevisions", "eraseStatement", "collectOrphans")
"""Mutations that make no revision, so that nothing can be told of one."""

QUERIES: Mapping[str, str] = {
    "auditLog": "auditLog {nodes {entityId}}",
    "hardDeletionRequests": "hardDeletionRequests {nodes {entityId}}",
    "erasures": "erasures {nodes {reason revisionIds}}",
    "deletedEntity": 'deletedEntity(id: "Q9") {history {nodes {revisionId}}}',
}
