"""Take away each guard of the write flow in turn, and see a test turn red.

A guard is a line that nothing seems to need until something goes wrong. `python -m tests.guards` copies the
program, applies one patch, runs the tests that are named for it, and demands that they fail; it ends with 1 if any
guard can be taken away unnoticed. Knows the guards by their text alone: a patch that no longer applies is a failure.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]
COPIED = ("app", "graph", "schemas", "storage", "tests", "pyproject.toml")
LANES = 2
SECONDS = 120
"""Longer than any named test takes; one that hangs is red."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What is taken away: in `file` the text `old`, which stands there once, becomes `new`. `test` must turn red."""

    name: str
    file: str
    old: str
    new: str
    test: str


def _abandoned(test: str) -> str:
    return f"tests/commit/test_abandoned.py::test_{test}"


def _damage(test: str) -> str:
    return f"tests/commit/test_damage.py::test_{test}"


def _endings(test: str) -> str:
    return f"tests/commit/test_endings.py::test_{test}"


def _following(test: str) -> str:
    return f"tests/commit/test_following.py::test_{test}"


def _keys(test: str) -> str:
    return f"tests/commit/test_keys.py::test_{test}"


def _reservations(test: str) -> str:
    return f"tests/states/test_reservations.py::test_{test}"


def _states(test: str) -> str:
    return f"tests/commit/test_states.py::test_{test}"


def _rules(test: str) -> str:
    return f"tests/commit/test_rules.py::test_{test}"


COMMIT, HEADS, STATEMENTS = "storage/commit.py", "storage/sql/heads.py", "storage/sql/statements.py"

GUARDS: Sequence[Guard] = (
    # The object store
    Guard(
        "a snapshot is written once",
        "storage/local_objects.py",
        """if new.key not in found]
        _execute_many(connection, _INSERT, fresh)
""",
        """if new.key not in found or new.key.bucket is Bucket.REVISIONS]
        _execute_many(connection, _INSERT.replace("INSERT", "INSERT OR REPLACE"), fresh)
""",
        _abandoned("the_snapshot_of_a_crashed_try_stays_what_it_is"),
    ),
    Guard(
        "another's snapshot is noticed",
        COMMIT,
        "return key not in taken or taken[key] == draft.swap.attempt",
        "return True",
        _abandoned("two_writers_at_one_revision_id_do_not_mix"),
    ),
    Guard(
        "one's own snapshot is known again",
        COMMIT,
        "return key not in taken or taken[key] == draft.swap.attempt",
        "return key not in taken",
        _abandoned("a_put_that_was_repeated_on_the_way_is_our_own"),
    ),
    Guard(
        "steps past crashed tries are random",
        COMMIT,
        "taken += 1 + random.randrange(4**met)",
        "taken = 2 * taken + 1",
        _abandoned("twenty_crashes_on_one_head_do_not_block_it"),
    ),
    Guard(
        "checksum of objects",
        "storage/local_objects.py",
        "if _checksum(data) != checksum:",
        "if False:",
        _damage("a_flipped_byte_is_told[embedded-editor]"),
    ),
    Guard(
        "attempt of a snapshot",
        "storage/reading.py",
        "if stored.attempt is not None and stored.attempt != row.attempt:",
        "if False:",
        _damage("a_snapshot_of_another_attempt_is_told"),
    ),
    Guard(
        "revision of a snapshot",
        "storage/snapshot.py",
        """if stored["entity"]["id"] != entity or stored["revision_id"] != revision:""",
        "if False:",
        _damage("a_snapshot_of_another_revision_is_told"),
    ),
    Guard(
        "hash of a statement",
        "storage/snapshot.py",
        "if not any(hasher(body.canonical, probe) == statement_hash for probe in range(MAX_PROBES)):",
        "if False:",
        _damage("another_statement_under_a_hash_is_told"),
    ),
    # The swap
    Guard(
        "compare in the swap",
        HEADS,
        'entity_head.c.head_revision_id == bindparam("expected"),',
        'bindparam("expected") > -1,',
        _abandoned("a_swap_on_an_old_head_does_not_land"),
    ),
    Guard(
        "hard deletion in the swap",
        HEADS,
        '        entity_head.c.is_deleted == bindparam("was_deleted"),\n',
        "",
        _endings("a_hard_deleted_head_takes_no_swap"),
    ),
    Guard(
        "key in the swap",
        HEADS,
        "if swap.key is not None and (before := landed(",
        "if swap.expected == -1 and (before := landed(",
        _keys("a_twin_that_lands_just_before_the_swap_is_found_by_it"),
    ),
    Guard(
        "outcome beside the swap",
        HEADS,
        "        _insert_outcome(connection, outcome, swap.key.key, snapshot.created_at)\n",
        "",
        _keys("a_retry_gets_the_first_outcome_though_the_head_has_moved_on"),
    ),
    Guard(
        "outbox row beside the swap",
        HEADS,
        "    outbox.insert(connection, swap, number)\n",
        "",
        _following("each_committed_revision_has_its_event"),
    ),
    Guard(
        "a swap begins as a writer",
        "storage/sql/sqlite.py",
        '"BEGIN IMMEDIATE"',
        '"BEGIN"',
        # By the database itself: which units of the write flow read before they write changes with every tuning.
        "tests/unit/test_sqlite.py"
        "::test_two_processes_and_two_databases_write_one_file_without_losing_anything",
    ),
    Guard(
        "a failed unit is rolled back",
        "storage/sql/sqlite.py",
        '        say("ROLLBACK TO unit")\n',
        "",
        "tests/unit/test_sqlite.py::test_a_failing_unit_does_not_harm_its_neighbours_in_the_same_commit",
    ),
    # The write flow
    Guard(
        "head before key",
        COMMIT,
        """            if asked is not None and (landed := await stores.metadata.landed(edit.entity, asked.key)):
                return await _again(edit, landed, stores)
""",
        "",
        _keys("a_twin_that_lands_between_two_reads_is_not_taken_for_a_conflict"),
    ),
    Guard(
        "who moved the head after a lost answer",
        COMMIT,
        "if unknown is not None and await _owner(swap, stores, unknown) == swap.attempt:",
        "if False:",
        _endings("a_commit_that_lands_late_lands_once"),
    ),
    Guard(
        "who deleted after a lost answer",
        COMMIT,
        "except (HeadMoved, EntityGone, AlreadyLanded, Reserved, RequestMissing, RetentionEnded) as refusal:",
        "except (HeadMoved, AlreadyLanded, Reserved, RequestMissing, RetentionEnded) as refusal:",
        _endings("a_commit_that_lands_late_and_is_deleted_was_no_refusal"),
    ),
    Guard(
        "unknown stays unknown",
        COMMIT,
        """        except Unavailable:
            if unknown is None:
                raise
""",
        "",
        _endings("a_store_that_never_answers_again_leaves_the_outcome_unknown"),
    ),
    Guard(
        "a try ends with its base",
        COMMIT,
        """                await _abandon(attempt, stores)
                attempt = None
""",
        "                pass\n",
        _abandoned("a_rebased_edit_goes_on_where_another_was_quicker"),
    ),
    Guard(
        "a dead try lets go",
        COMMIT,
        """                await _abandon(attempt, stores)
""",
        "",
        _abandoned("a_rebased_edit_goes_on_where_another_was_quicker"),
    ),
    Guard(
        "a redirect equals nothing",
        "storage/draft.py",
        "not flags.is_redirect and not flags.is_soft_deleted and",
        "not flags.is_soft_deleted and",
        _rules("the_content_of_a_redirect_may_be_said_again"),
    ),
    Guard(
        "flags are inherited",
        "storage/changes.py",
        "flags = head.flags if head is not None else Flags()",
        "flags = Flags()",
        _rules("the_next_revision_inherits_the_flags[embedded-is_semi_protected]"),
    ),
    Guard(
        "an id is registered",
        "storage/draft.py",
        "stores.metadata.register(edit.entity, now) if base is None else _nothing()",
        "_nothing()",
        "tests/commit/test_races.py::test_of_creations_at_once_one_creates[embedded-2]",
    ),
    Guard(
        "a key is of one entity",
        COMMIT,
        "if request != edit.key.request or entity != edit.entity:",
        "if request != edit.key.request:",
        _keys("a_key_that_comes_back_with_another_entity_is_refused"),
    ),
    Guard(
        "a key is of one request",
        COMMIT,
        "if landed.request != edit.key.request:",
        "if False:",
        _keys("a_key_that_comes_back_with_another_request_is_refused[embedded-False]"),
    ),
    Guard(
        "the first note of no change stands",
        COMMIT,
        """        if first != outcome:
            return await _again(edit, first, stores)""",
        """        if False:
            return await _again(edit, first, stores)""",
        _keys("twins_of_which_one_changed_nothing_and_one_did_are_told_one_outcome"),
    ),
    Guard(
        "reserved edit types",
        "storage/edits.py",
        "if edit.info.edit_type in RESERVED_EDIT_TYPES and",
        "if edit.info.edit_type is None and",
        _rules("an_edit_type_that_tells_of_a_lock_is_the_servers_alone"),
    ),
    Guard(
        "a part that is as it was may be at fault only now",
        "storage/edits.py",
        " or (fault.code, _part(fault.pointer, entity)) not in old",
        "",
        _rules("what_a_change_puts_in_the_wrong_is_its_fault"),
    ),
    Guard(
        "what others changed meanwhile is a conflict",
        "storage/difference.py",
        "if not _same(now, one.old) or (",
        "if (",
        "tests/commit/test_rebase.py::test_of_thirty_two_writers_of_one_label_one_lands",
    ),
    Guard(
        "a form that is gone takes no change",
        "storage/difference.py",
        " or (owner not in (None, path) and owner not in there.values)",
        "",
        "tests/commit/test_rebase.py::test_a_form_that_is_gone_takes_no_edit",
    ),
    Guard(
        "what is merged is validated",
        "storage/merging.py",
        "    refuse(found)\n",
        "",
        "tests/commit/test_rebase.py::test_a_fault_that_only_both_together_have_is_refused",
    ),
    Guard(
        "whose content it is",
        "storage/edits.py",
        'return remaining or list(_identity_faults(base["id"], entity))',
        "return remaining",
        _rules("an_old_fault_does_not_let_in_the_content_of_another_entity"),
    ),
    # States
    Guard(
        "what is protected takes no edit",
        "storage/admission.py",
        """    if not isinstance(change, (Protect, Restore)):
        _unprotected(edit, flags)
""",
        "",
        _states("what_is_locked_or_archived_takes_no_edit"),
    ),
    Guard(
        "the state that was looked at is that of the swap",
        HEADS,
        'entity_head.c.head_revision_id == bindparam("expected"),',
        'bindparam("expected") > -1,',
        "tests/states/test_pairs.py::test_two_edits_at_once_end_as_if_one_came_after_the_other[embedded-normal]",
    ),
    Guard(
        "doubt before a hard deletion",
        COMMIT,
        "                await doubting.cast(base)\n",
        "",
        _states("a_statement_of_a_deleted_entity_is_shown_only_for_its_other_holders"),
    ),
    Guard(
        "who is reserved becomes no redirect",
        HEADS,
        "        targets.may_redirect(connection, snapshot.entity, swap.attempt)\n",
        "        pass\n",
        "tests/states/test_circles.py::test_redirects_at_once_close_no_circle[embedded-2]",
    ),
    Guard(
        "who lost its reservation is fenced",
        "storage/sql/targets.py",
        "for hindrance in (reserved, fenced):",
        "for hindrance in (reserved,):",
        _reservations("who_wakes_after_it_lost_its_reservation_begins_anew"),
    ),
    Guard(
        "the fence comes before the reservation goes",
        "storage/targets.py",
        "                await metadata.fence(one.source, one.attempt)\n",
        "",
        _reservations("who_wakes_after_it_lost_its_reservation_begins_anew"),
    ),
    Guard(
        "an unknown outcome keeps its reservation",
        "storage/targets.py",
        "if error is None or (isinstance(error, StorageError) and not isinstance(error, OutcomeUnknown)):",
        "if True:",
        _reservations("a_redirect_of_which_nobody_knows_whether_it_landed_closes_no_circle_later"),
    ),
    Guard(
        "what hinders a second commit says nothing of the first",
        COMMIT,
        "if unknown is None or not isinstance(refusal, (Reserved, RequestMissing)):",
        "if True:",
        _reservations("what_hinders_the_second_try_of_a_commit_says_nothing_of_the_first"),
    ),
    Guard(
        "a request is used up by the commit",
        "storage/sql/deletions.py",
        "        if audit.approved_by is not None and not asked_for:\n",
        "        if False:\n",
        _states("an_approved_deletion_uses_up_its_request"),
    ),
    Guard(
        "a retention ends or is taken back",
        "storage/sql/deletions.py",
        ".where(_of(number, revision), _AUDIT.retention == KEPT)",
        ".where(_of(number, revision))",
        _states("after_its_retention_a_deletion_stays"),
    ),
    Guard(
        "a restoration is not told that the entity is gone",
        HEADS,
        "row.is_deleted and not _restores(swap):",
        "row.is_deleted:",
        "tests/states/test_restoring.py"
        "::test_a_restoration_beside_another_and_a_deletion_is_told_of_the_new_head",
    ),
    # Statements
    Guard(
        "digest at a dedup hit",
        STATEMENTS,
        "is not None and row[0] == body.digest",
        "is not None",
        "tests/commit/test_collisions.py::test_two_colliding_statements_of_two_writers_at_once_keep_apart",
    ),
    Guard(
        "one hash for one of two new statements",
        STATEMENTS,
        "body.digest: Claimed(place, stored=False) for place, body in free.items()",
        "body.digest: Claimed(place, stored=False) for body, place in places if place not in rows",
        "tests/commit/test_collisions.py::test_colliding_statements_of_one_entity_keep_apart",
    ),
    Guard(
        "an uncounted statement may have no object",
        STATEMENTS,
        "stored=row[1] > 0 and row[2] == LIVE",
        "stored=True",
        _abandoned("a_statement_whose_writer_died_before_its_object_is_stored_by_the_next"),
    ),
    Guard(
        "pending fact",
        STATEMENTS,
        "for place in sorted(one.hash for one in claimed.values())",
        "for place in ()",
        _abandoned("a_claimed_statement_is_no_collectors_prey"),
    ),
    Guard(
        "a statement is seen with its revision",
        "storage/reading.py",
        "claims = await stores.metadata.pending(set(rows) - seen)",
        "claims = await stores.metadata.pending(())",
        _abandoned("a_statement_is_seen_once_its_revision_is"),
    ),
    Guard(
        "a claim alone shows nothing",
        "storage/reading.py",
        "if head is not None and await _holds(stores, head, fact.base, one):",
        "if head is not None:",
        _abandoned("a_statement_of_an_abandoned_try_is_not_seen"),
    ),
    # What follows
    Guard(
        "a reference is counted once",
        STATEMENTS,
        "missing = sorted(set(some) - {hash_read(connection, one) for one in there.scalars()})",
        "missing = sorted(some)",
        _following("revisions_may_be_followed_up_by_many_at_once"),
    ),
    Guard(
        "derived is noted last",
        "storage/derive.py",
        "    await draw(owed, stores)\n    await finish([owed.work], stores)\n",
        "    await finish([owed.work], stores)\n    await draw(owed, stores)\n",
        "tests/commit/test_every_call.py::test_whichever_call_fails_the_answer_is_true_and_a_retry_ends_well[edit]",
    ),
    Guard(
        "a link of what was erased meanwhile is taken back",
        "storage/derive.py",
        "    await _take_back_erased(work.entity, [*added, *removed], stores)\n",
        "",
        "tests/collect/test_erasure.py::test_whom_it_named_is_not_told_by_one_who_derives_late",
    ),
    Guard(
        "of a link the newest word stands",
        "storage/sql/links.py",
        '        entity_backlinks.c.revision_id < bindparam("revision"),\n',
        "",
        _following("revisions_may_be_followed_up_in_any_order_and_twice"),
    ),
    Guard(
        "of a redirect the newest word stands",
        "storage/sql/links.py",
        "update(table).where(here, table.c.revision_id < revision)",
        "update(table).where(here)",
        _following("a_redirect_that_is_followed_up_late_does_not_return"),
    ),
    Guard(
        "published is noted after the acknowledgement",
        "storage/relay.py",
        """            await stores.events.publish([one.event for one in work])
""",
        """            await stores.metadata.mark([(one.entity, one.revision) for one in work], published=True)
            await stores.events.publish([one.event for one in work])
""",
        _following("no_event_is_lost_when_a_relay_fails"),
    ),
)


def problems(guard: Guard, root: Path = ROOT) -> list[str]:
    """Why a guard can't be taken away: its text or its test are not there (any more), or what would be left is no Python."""
    found = []
    whole = (root / guard.file).read_text(encoding="utf-8")
    if (times := whole.count(guard.old)) != 1:
        found.append(f"{guard.name}: its text stands {times} times in {guard.file}")
    try:
        compile(whole.replace(guard.old, guard.new), guard.file, "exec")
    except SyntaxError as error:
        found.append(f"{guard.name}: without it {guard.file} can't be read: {error}")
    file, _, test = guard.test.partition("::")
    name = test.partition("[")[0]
    if not (root / file).is_file() or f"def {name}(" not in (root / file).read_text(encoding="utf-8"):
        found.append(f"{guard.name}: there is no test {guard.test}")
    return found


def take_away(guard: Guard, root: Path) -> str:
    """Patch the copy at `root`, run the guard's test there, and mend it again; answers red, GREEN or what else."""
    file = root / guard.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(guard.old, guard.new), encoding="utf-8")
    try:
        return _run([guard.test], root)
    finally:
        file.write_text(whole, encoding="utf-8")


EMBEDDED = "not engines"
"""A guard is missed on any engine; on this one soonest."""


def _run(tests: Sequence[str], root: Path) -> str:
    command = [
        sys.executable,
        "-B",
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        EMBEDDED,
        *tests,
    ]
    try:
        ended = subprocess.run(
            command, cwd=root, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "red (hangs)"
    # 1 means that tests failed; anything above, that they could not be run, which proves nothing.
    return {0: "GREEN", 1: "red"}.get(ended.returncode, f"NOT RUN\n{ended.stdout}{ended.stderr}")


def _copy(folder: Path) -> Path:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def main() -> int:
    """Print the table `guard | test | red?`; 0 if every guard is missed when it is gone."""
    stale = [problem for guard in GUARDS for problem in problems(guard)]
    if stale:
        sys.stdout.write("\n".join(stale) + "\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(LANES) as lanes:
        roots: SimpleQueue[Path] = SimpleQueue()
        for lane in range(LANES):
            place = Path(folder) / f"{lane}"
            place.mkdir()
            roots.put(_copy(place))

        def in_a_copy(guard: Guard | None) -> str:
            root = roots.get()
            try:
                return take_away(guard, root) if guard else _run([one.test for one in GUARDS], root)
            finally:
                roots.put(root)

        # With every guard in place all are green, or red would mean nothing.
        whole = in_a_copy(None)
        if whole != "GREEN":
            sys.stdout.write(f"with all guards in place the tests are {whole}\n")
            return 1
        unnoticed = 0
        width = max(len(guard.name) for guard in GUARDS)
        for guard, ending in zip(GUARDS, lanes.map(in_a_copy, GUARDS), strict=True):
            unnoticed += not ending.startswith("red")
            sys.stdout.write(f"{guard.name:{width}} | {ending} | {guard.test}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(GUARDS)} guards, {unnoticed} unnoticed\n")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
