"""Edits on an older base, laid over the head where others changed other parts (W3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage import reading, times
from storage.changes import Protect, Protection, SetContent, SetRevision, SoftDelete
from storage.commit import Outcome, commit
from storage.edits import Base, Edit
from storage.errors import HeadMoved, Invalid, OutcomeUnknown, SoftDeleted
from storage.ids import EntityId
from storage.model import EditInfo
from storage.ports import EditKey, Stores
from storage.validation import Level
from storage.validation_entity import term_languages
from tests.builders import EntityBuilder, a_key, a_lexeme, a_property, a_statement_id, an_item
from tests.commit.making import BaseOf, edit, findings, history, make, patient, read, redirect
from tests.faults import Faults, When

Q42 = EntityId("Q42")
BASE = an_item().with_label("en", "one").with_statement("P1", string="kept")


def rebase(content: EntityBuilder, base: BaseOf, key: EditKey | None = None, **told: Any) -> Edit:
    """That the entity shall say this, or what it says by now with what this changed."""
    return replace(edit(content, base, key, **told), rebase=True)


async def beginning(stores: Stores, *later: EntityBuilder) -> None:
    """The base as revision 1, then what others made of it."""
    await make(stores, edit(BASE, Base.NOTHING))
    for number, version in enumerate(later, 1):
        await make(stores, edit(version, number))


async def test_edits_of_different_parts_come_together(stores: Stores) -> None:
    """W3, I3: the revision's parent is the head that it was laid over, and the outcome says so."""
    await beginning(
        stores,
        BASE.with_label("de", "theirs").with_statement("P1", string="theirs", id=a_statement_id("Q42", 8)),
    )
    mine = BASE.with_label("fr", "mine").with_statement("P1", string="mine", id=a_statement_id("Q42", 9))
    outcome = await make(stores, rebase(mine, 1))
    assert (outcome.revision, outcome.rebased_on, outcome.unchanged) == (3, 2, False)
    assert (await reading.row_of(stores, Q42)).parent == 2
    merged = (
        BASE.with_label("de", "theirs")
        .with_label("fr", "mine")
        .with_statement("P1", string="theirs", id=a_statement_id("Q42", 8))
        .with_statement("P1", string="mine", id=a_statement_id("Q42", 9))
    )
    assert await read(stores, "Q42") == merged.json()
    assert await findings(stores) == []


async def test_an_edit_on_the_head_is_made_as_it_is(stores: Stores) -> None:
    """W3: there is nothing to be laid over."""
    await beginning(stores)
    outcome = await make(stores, rebase(BASE.with_label("en", "two"), 1))
    assert (outcome.revision, outcome.rebased_on) == (2, None)


async def test_what_both_changed_is_a_conflict_that_names_it(stores: Stores) -> None:
    """W3: all such parts, and the head; nothing is stored."""
    await beginning(stores, BASE.with_label("en", "theirs").with_sitelink("enwiki", "theirs"))
    mine = BASE.with_label("en", "mine").with_sitelink("enwiki", "mine").with_label("de", "mine")
    with pytest.raises(HeadMoved) as refused:
        await make(stores, rebase(mine, 1))
    assert (refused.value.expected, refused.value.found) == (1, 2)
    assert refused.value.parts == ("/labels/en", "/sitelinks/enwiki")
    assert await history(stores, "Q42") == [1, 2]


async def test_equal_changes_are_no_conflict(stores: Stores) -> None:
    """W3, W4: what is changed already makes no revision."""
    await beginning(stores, BASE.with_label("en", "both"))
    outcome = await make(stores, rebase(BASE.with_label("en", "both"), 1))
    assert (outcome.revision, outcome.unchanged, outcome.rebased_on) == (2, True, 2)
    assert await history(stores, "Q42") == [1, 2]


async def test_without_being_asked_nothing_is_rebased(stores: Stores) -> None:
    """W3: a stale base is a conflict, which names no parts."""
    await beginning(stores, BASE.with_label("de", "theirs"))
    with pytest.raises(HeadMoved) as refused:
        await make(stores, edit(BASE.with_label("fr", "mine"), 1))
    assert refused.value.parts == ()


@pytest.mark.parametrize("base", [3, 99])
async def test_a_base_that_is_yet_to_come_is_a_conflict(stores: Stores, base: int) -> None:
    """W3: it can't be told what was changed."""
    await beginning(stores, BASE.with_label("de", "theirs"))
    with pytest.raises(HeadMoved):
        await make(stores, rebase(BASE, base))


async def test_a_base_that_never_was_is_a_conflict(stores: Stores) -> None:
    """S6, W3: revisions have gaps."""
    await beginning(stores)
    with pytest.raises(HeadMoved) as refused:
        await make(stores, rebase(BASE, 0))
    assert refused.value.parts == ()


async def test_only_content_is_rebased(stores: Stores) -> None:
    """W3: another change is made on what was looked at."""
    await beginning(stores, BASE.with_label("de", "theirs"))
    for change in (SetRevision(1), SoftDelete("spam"), Protect(Protection.LOCKED)):
        with pytest.raises(HeadMoved):
            await make(stores, Edit(Q42, 1, change, EditInfo("Alice"), rebase=True))


async def test_what_has_no_content_is_no_base_and_no_head_to_rebase_onto(stores: Stores) -> None:
    """W8: not even with an import's licence."""
    await beginning(stores)
    await make(stores, redirect("Q42", "Q5", 1, revives=True))
    with pytest.raises(HeadMoved):
        await make(stores, rebase(BASE.with_label("de", "mine"), 1, revives=True))
    await make(stores, edit(BASE, 2, revives=True))
    with pytest.raises(HeadMoved):
        await make(stores, rebase(BASE.with_label("de", "mine"), 2))


async def test_a_rebased_edit_revives_no_deleted_entity(stores: Stores) -> None:
    """W7: that the head moved by a deletion is another thing than a change of another part."""
    await beginning(stores)
    await make(stores, Edit(Q42, 1, SoftDelete("spam"), EditInfo("Alice")))
    with pytest.raises(SoftDeleted):
        await make(stores, rebase(BASE.with_label("de", "mine"), 1))


async def test_a_protection_in_between_is_inherited(stores: Stores) -> None:
    """W5: state is of the head, content is merged."""
    await beginning(stores)
    await make(stores, Edit(Q42, 1, Protect(Protection.SEMI_PROTECTED), EditInfo("Alice")))
    outcome = await make(stores, rebase(BASE.with_label("de", "mine"), 1))
    row = await reading.row_of(stores, Q42)
    assert (outcome.rebased_on, row.flags.is_semi_protected) == (2, True)


async def test_a_fault_that_only_both_together_have_is_refused(stores: Stores) -> None:
    """W10: each of the two was valid."""
    await beginning(stores, BASE.with_description("en", "same"))
    with pytest.raises(Invalid) as refused:
        await make(stores, rebase(BASE.with_label("en", "same"), 1))
    assert [fault.code for fault in refused.value.faults] == ["label_description_same_value"]
    assert await history(stores, "Q42") == [1, 2]


async def test_one_statement_id_is_given_to_one_statement(stores: Stores) -> None:
    """W10: also where the two are of different properties."""
    await beginning(stores, BASE.with_statement("P2", string="theirs", id=a_statement_id("Q42", 9)))
    with pytest.raises(Invalid) as refused:
        await make(
            stores,
            rebase(BASE.with_statement("P3", string="mine", id=a_statement_id("Q42", 9)), 1),
        )
    assert [fault.code for fault in refused.value.faults] == ["duplicate_statement_id"]


async def test_old_oddities_stop_no_rebase_and_new_ones_do(stores: Stores) -> None:
    """W10: what an import brought stays, wherever the edit does not touch it."""
    odd = BASE.with_label("xx-unknown", "of old")
    await make(stores, edit(odd, Base.NOTHING, level=Level.LENIENT))
    await make(
        stores, edit(odd.with_label("de", "theirs").with_label("yy-unknown", "x"), 1, level=Level.LENIENT)
    )
    with pytest.raises(Invalid) as refused:
        await make(stores, rebase(odd.with_label("zz-unknown", "mine"), 1))
    assert [fault.pointer for fault in refused.value.faults] == ["/labels/zz-unknown"]
    assert (await make(stores, rebase(odd.with_label("fr", "mine"), 1))).rebased_on == 2


async def test_what_is_no_entity_is_not_rebased(stores: Stores) -> None:
    """W10: its faults are the answer."""
    await beginning(stores, BASE.with_label("de", "theirs"))
    asked = rebase(BASE, 1)
    assert isinstance(asked.change, SetContent)
    nonsense: Any
    for nonsense in ([], None, {"id": "Q42", "type": "item", "claims": {"P1": [{}]}}):
        with pytest.raises(Invalid):
            await make(stores, replace(asked, change=replace(asked.change, entity=nonsense)))


async def test_a_property_keeps_its_datatype(stores: Stores) -> None:
    """W10: over a rebase, too."""
    one = a_property("P31", "string")
    await make(stores, edit(one, Base.NOTHING), edit(one.with_label("en", "x"), 1))
    with pytest.raises(Invalid) as refused:
        await make(stores, rebase(a_property("P31", "url"), 1))
    assert [fault.code for fault in refused.value.faults] == ["datatype_changed"]


async def test_a_form_that_is_gone_takes_no_edit(stores: Stores) -> None:
    """W3: told with what was to be changed in it."""
    one = a_lexeme().with_form(1).with_form(2)
    await make(stores, edit(one, Base.NOTHING), edit(a_lexeme().with_form(1), 1))
    mine = one.json()
    mine["forms"][1]["representations"]["de"] = {"language": "de", "value": "mine"}
    with pytest.raises(HeadMoved) as refused:
        await make(stores, replace(edit(mine, 1), rebase=True))
    assert refused.value.parts == ("/forms/L1-F2/representations/de",)


async def test_a_key_brings_back_the_first_outcome(stores: Stores) -> None:
    """I13: also after the head moved on, and with the head that it was laid over."""
    await beginning(stores, BASE.with_label("de", "theirs"))
    asked = rebase(BASE.with_label("fr", "mine"), 1, a_key())
    first = await make(stores, asked)
    await make(stores, edit(BASE, 3))
    again = await make(stores, asked)
    assert (again.revision, again.rebased_on) == (first.revision, first.rebased_on) == (3, 2)
    assert await history(stores, "Q42") == [1, 2, 3, 4]


async def test_a_key_brings_back_an_outcome_without_revision(stores: Stores) -> None:
    """I13, W4: the head that the edit came to equal."""
    await beginning(stores, BASE.with_label("de", "both"))
    asked = rebase(BASE.with_label("de", "both"), 1, a_key())
    first = await make(stores, asked)
    await make(stores, edit(BASE, 2))
    again = await make(stores, asked)
    assert (first.unchanged, first.rebased_on) == (again.unchanged, again.rebased_on) == (True, 2)


async def test_an_outcome_that_cannot_be_told_is_unknown(stores: Stores) -> None:
    """W4: `unavailable` would say that the edit did not land."""
    await beginning(stores, BASE.with_label("de", "theirs"))
    asked = rebase(BASE.with_label("fr", "mine"), 1, a_key())
    await make(stores, asked)
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.revisions")
    with pytest.raises(OutcomeUnknown):
        await make(faults.wrap(stores), asked)


WRITERS = sorted(term_languages() - {"en"})[:32]


async def test_thirty_two_writers_of_different_labels_all_land(servers: tuple[Stores, Stores]) -> None:
    """I3, W3: each on the head that the one before it made, and none takes another's away."""
    await make(servers[0], edit(BASE, Base.NOTHING))
    outcomes = await asyncio.gather(
        *(
            commit(
                rebase(BASE.with_label(one, "mine"), 1), servers[number % 2], clock=times.now, pauses=patient
            )
            for number, one in enumerate(WRITERS)
        )
    )
    revisions = await history(servers[0], "Q42")
    assert sorted(outcome.revision for outcome in outcomes) == revisions[1:]
    parents = {outcome.revision: outcome.rebased_on or 1 for outcome in outcomes}
    assert [parents[revision] for revision in revisions[1:]] == revisions[:-1]
    assert (await read(servers[0], "Q42"))["labels"].keys() == {"en", *WRITERS}
    assert await findings(servers[0]) == []


async def test_of_thirty_two_writers_of_one_label_one_lands(servers: tuple[Stores, Stores]) -> None:
    """I3, W3: the others are told what they would have taken away."""
    await make(servers[0], edit(BASE, Base.NOTHING))
    endings = await asyncio.gather(
        *(
            commit(
                rebase(BASE.with_label("en", one), 1), servers[number % 2], clock=times.now, pauses=patient
            )
            for number, one in enumerate(WRITERS)
        ),
        return_exceptions=True,
    )
    [won] = [ending for ending in endings if isinstance(ending, Outcome)]
    assert [ending.parts for ending in endings if isinstance(ending, HeadMoved)] == [("/labels/en",)] * 31
    assert await history(servers[0], "Q42") == [1, won.revision]
    assert await findings(servers[0]) == []
