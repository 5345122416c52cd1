"""Who is counted as one client (O3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.requests import HTTPConnection

from app.access import ANONYMOUS, EVERYBODY, Actor, Role
from app.budgets import Left
from app.clients import client_of, header_fields
from app.limits import limits_of
from app.settings import Settings, WrongSetting

ALICE = Actor("Alice", frozenset({Role.EDITOR}))
NOBODY_KNOWN = Actor(ANONYMOUS, frozenset({Role.READER}))


def connection(host: str | None) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [], "client": (host, 1) if host is not None else None})


@pytest.mark.parametrize(
    ("host", "actor", "client"),
    [
        ("192.0.2.7", ALICE, "name:Alice"),
        ("192.0.2.7", NOBODY_KNOWN, "address:192.0.2.7"),
        ("192.0.2.7", EVERYBODY, "address:192.0.2.7"),
        ("192.0.2.7", None, "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", None, "address:2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", None, "address:192.0.2.7"),
        ("somewhere", None, "address:somewhere"),
        (None, None, "address:"),
    ],
)
def test_a_client_is_a_name_or_else_an_address(host: str | None, actor: Actor | None, client: str) -> None:
    assert client_of(connection(host), actor) == client


def test_nobody_can_be_named_as_an_address() -> None:
    assert client_of(connection("x"), replace(ALICE, name="address:192.0.2.7")) == "name:address:192.0.2.7"


def test_what_is_left_is_written_as_the_draft_has_it() -> None:
    left = [Left("requests", 100, 7, 12), Left("cost", 5000, 0, 60)]
    assert header_fields(left) == [
        (b"ratelimit-policy", b'"requests";q=100;w=60, "cost";q=5000;w=60'),
        (b"ratelimit", b'"requests";r=7;t=12, "cost";r=0;t=60'),
    ]


@pytest.mark.parametrize(
    ("credentials", "anonymous", "shown"),
    [
        (False, "reader", (True, True, True)),
        (True, "reader", (True, True, False)),
        (True, "none", (False, False, False)),
    ],
)
def test_what_is_shown_of_the_schema_follows_who_may_read(
    credentials: bool, anonymous: str, shown: tuple[bool, bool, bool]
) -> None:
    """Introspection, explorer, suggestions."""
    auto = limits_of(Settings(auth_anonymous=anonymous), credentials=credentials)
    assert (auto.rules.introspection, auto.explorer, auto.rules.suggestions) == shown
    for word in ("on", "off"):
        settings = Settings(auth_anonymous=anonymous, introspection=word, explorer=word, suggestions=word)
        told = limits_of(settings, credentials=credentials)
        assert {told.rules.introspection, told.explorer, told.rules.suggestions} == {word == "on"}


@pytest.mark.parametrize("cost", [0, 101])
def test_what_no_minute_could_pay_for_can_not_be_allowed(cost: int) -> None:
    with pytest.raises(WrongSetting, match="MAX_COST"):
        limits_of(Settings(max_cost=cost, cost_per_minute=100), credentials=True)
    limits_of(Settings(max_cost=cost, cost_per_minute=0), credentials=True)
    limits_of(Settings(max_cost=cost, cost_per_minute=100), credentials=False)
