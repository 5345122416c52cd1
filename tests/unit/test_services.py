"""Tests of real services never pass unseen: without a server they are skipped, or fail where servers are demanded."""

from __future__ import annotations

import pytest

from tests.services import required


def test_where_services_are_demanded_a_missing_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_SERVICES", "1")

    with pytest.raises(pytest.fail.Exception, match="Some server is not installed"):
        required("Some server", False)


@pytest.mark.parametrize("demanded", [None, "0", ""])
def test_elsewhere_a_missing_service_skips(monkeypatch: pytest.MonkeyPatch, demanded: str | None) -> None:
    monkeypatch.delenv("REQUIRE_SERVICES", raising=False)
    if demanded is not None:
        monkeypatch.setenv("REQUIRE_SERVICES", demanded)

    with pytest.raises(pytest.skip.Exception, match="Some server is not installed"):
        required("Some server", False)


def test_a_service_that_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_SERVICES", "1")

    required("Some server", True)
