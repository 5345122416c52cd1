"""`python -m tests.states` counts what it does, and ends with 1 if anything came out as it must not."""

from __future__ import annotations

import re

import pytest

from storage.changes import Protect, Protection
from storage.errors import Protected
from storage.model import Attempt
from storage.targets import Reserving
from tests.states import __main__ as command
from tests.states.locks import ENDS


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, dict[str, str]]:
    """How it ends, and what it prints of each kind of thing."""
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    lines = capsys.readouterr().out.splitlines()
    return ended.value.code, {name: rest for name, _, rest in (line.partition(": ") for line in lines)}


def test_rounds_and_races_are_counted_for_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """I11, I14: so many of each, and all their endings."""
    code, told = run(capsys, "--rounds", "5", "--races", "2", "--at-once", "3")
    assert code == 0
    pair, three = ("circles of 2", "circles of 3")
    assert set(told) == {
        *(pair, f"{pair}, one dies", three, f"{three}, one dies"),
        *(f"{name} against eight writers" for name in ENDS),
    }
    assert told[pair].startswith("5 in")
    assert met(told[pair]) == {"landed": 5, "redirect": 5}
    assert met(told[f"{three}, one dies"])["unavailable"] == 1
    ended = met(told["hard delete against eight writers"])
    assert ended["gone"] == 2 * 8
    assert ended["landed"] >= 2


def met(rest: str) -> dict[str, int]:
    """What is told to have been met, by its word."""
    return {word: int(number) for word, number in re.findall(r"(\w+) (\d+)(?:, |$)", rest)}


def test_a_circle_is_a_failure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """I11: where nobody reserves anything, both redirects land."""

    async def reserve_nothing(self: Reserving, attempt: Attempt) -> None:
        return None

    monkeypatch.setattr(Reserving, "reserve", reserve_nothing)
    code, told = run(capsys, "--rounds", "1")
    assert code == 1
    assert told["circles of 2"].startswith("0 in")


def test_an_edit_after_the_end_is_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I14: as of a protection that does not stop these writers."""
    monkeypatch.setattr(command, "ENDS", {"no end": (Protect(Protection.SEMI_PROTECTED), Protected)})
    code, told = run(capsys, "--races", "1")
    assert code == 1
    assert told["no end against eight writers"].startswith("0 in")
