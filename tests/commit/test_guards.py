"""The list of guards fits the program as it is. That each is missed when taken away is shown by `tests.guards`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guards import GUARDS, Guard, problems, take_away


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_where_its_patch_looks_for_it(guard: Guard) -> None:
    """Each patch applies, each named test exists."""
    assert problems(guard) == []


def test_no_two_guards_have_one_name() -> None:
    """The table is read by name."""
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


@pytest.mark.parametrize(("new", "ending"), [("return 2", "red"), ("return 1", "GREEN")])
def test_red_and_green_are_told_apart(tmp_path: Path, new: str, ending: str) -> None:
    """Else the whole table would say nothing."""
    (tmp_path / "subject.py").write_text("def one():\n    return 1\n")
    (tmp_path / "test_subject.py").write_text(
        "from subject import one\n\n\ndef test_one():\n    assert one() == 1\n"
    )
    guard = Guard("one", "subject.py", "return 1", new, "test_subject.py::test_one")
    assert problems(guard, tmp_path) == []
    assert take_away(guard, tmp_path) == ending
    assert "return 1" in (tmp_path / "subject.py").read_text()


def test_a_stale_guard_is_told(tmp_path: Path) -> None:
    """Text that moved on and tests that were renamed are problems."""
    (tmp_path / "subject.py").write_text("pass\n")
    guard = Guard("one", "subject.py", "return 1", "", "test_subject.py::test_one")
    assert problems(guard, tmp_path) == [
        "one: its text stands 0 times in subject.py",
        "one: there is no test test_subject.py::test_one",
    ]
