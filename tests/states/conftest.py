"""States and races on both kinds of engines."""

from __future__ import annotations

import pytest

from tests.places import BOTH


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that uses stores runs on both, but where it says itself on which."""
    told = any("engine" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not told:
        metafunc.parametrize("engine", BOTH, indirect=True)
