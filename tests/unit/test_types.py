"""Column types and packed lists: what goes in comes out, and order is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, create_engine, select

from storage.sql.types import Unsigned64, UtcTime, pack_hashes, pack_ids, unpack_hashes, unpack_ids

HASHES = st.integers(0, 2**64 - 1)
UUID = "C7A20C6F-9E0B-4F5D-8E6A-0123456789AB"

values = Table(
    "values",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("number", Unsigned64),
    Column("time", UtcTime),
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        values.create(opened)
        yield opened
    engine.dispose()


NUMBERS = [0, 1, 2**32, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]


def test_numbers_of_64_bits_come_back_from_sqlite(connection: Connection) -> None:
    """S10: its own integers stop at 2**63-1."""
    connection.execute(values.insert(), [{"number": number} for number in [*NUMBERS, None]])

    assert list(connection.scalars(select(values.c.number).order_by(values.c.id))) == [*NUMBERS, None]


def test_numbers_of_64_bits_keep_their_order_on_sqlite(connection: Connection) -> None:
    """T6, Q10: pages are cut by comparison."""
    connection.execute(values.insert(), [{"number": number} for number in reversed(NUMBERS)])

    ordered = select(values.c.number).order_by(values.c.number)
    assert list(connection.scalars(ordered)) == NUMBERS
    for position, number in enumerate(NUMBERS):
        beyond = connection.scalars(ordered.where(values.c.number > number))
        assert list(beyond) == NUMBERS[position + 1 :]
        assert connection.scalar(ordered.where(values.c.number.in_([number]))) == number


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 1, 15, 10, 30, 0, 123456, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 1, 15, 12, 30, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_time_comes_back_from_sqlite_to_the_microsecond(connection: Connection, time: datetime) -> None:
    """S8: aware, in UTC."""
    connection.execute(values.insert(), [{"time": time}])

    found = connection.scalar(select(values.c.time))

    assert found == time
    assert found is not None
    assert found.tzinfo is UTC


def test_times_keep_their_order_on_sqlite(connection: Connection) -> None:
    times = [datetime(1969, 1, 1, tzinfo=UTC) + timedelta(days=400, microseconds=step) for step in (0, 1, 10)]
    connection.execute(values.insert(), [{"time": time} for time in reversed(times)])

    assert list(connection.scalars(select(values.c.time).order_by(values.c.time))) == times


@given(st.lists(HASHES))
def test_packed_hashes_come_back(hashes: list[int]) -> None:
    assert list(unpack_hashes(pack_hashes(hashes))) == hashes


def test_a_packed_hash_takes_eight_bytes() -> None:
    """T5: as JSON text 10,000 would cost as much as the rest of a read."""
    assert pack_hashes([1, 2**64 - 1]) == b"\0\0\0\0\0\0\0\x01" + b"\xff" * 8


SUBJECTS = st.sampled_from(["Q42", "P31", "L1", "L1-F1", "L1-S12"])
IDS = (
    st.none()
    | st.text()
    | st.builds(
        lambda prefix, value, sign, fold: fold(f"{prefix}{sign}{value}"),
        SUBJECTS,
        st.uuids(),
        st.sampled_from(["$", "$$", "-", ""]),
        st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    )
    | st.builds("{}${}".format, SUBJECTS, st.text("0123456789ABCDEFabcdef-{}", min_size=36, max_size=36))
)


@given(st.lists(st.tuples(IDS, SUBJECTS)))
@example([(f"Q42${UUID}", "Q42"), (None, "Q42"), ("", "Q42"), (f"q42${UUID.lower()}", "Q42")])
@example([(f"Q42${{{UUID}}}", "Q42"), (f"L1-F1${UUID}", "L1-F1"), (f"l1-f1${UUID}", "L1-F1")])
@example([(f"Q42${UUID.replace('-', '')}----", "Q42"), ("Q42$" + "0" * 36, "Q42")])
def test_packed_statement_ids_come_back(pairs: list[tuple[str | None, str]]) -> None:
    """S9: letter by letter."""
    ids, subjects = [id_ for id_, _ in pairs], [subject for _, subject in pairs]

    assert unpack_ids(pack_ids(ids, subjects), subjects) == ids


@pytest.mark.parametrize("id_", [f"Q42${UUID}", f"Q42${UUID.lower()}", f"q42${UUID}", f"q42${UUID.lower()}"])
def test_a_regular_statement_id_takes_seventeen_bytes(id_: str) -> None:
    """Each half in upper or in lower case."""
    assert len(pack_ids([id_] * 3, ["Q42"] * 3)) == 51


def test_no_statement_ids_are_no_bytes() -> None:
    assert pack_ids([], []) == b""
    assert unpack_ids(b"", []) == []
