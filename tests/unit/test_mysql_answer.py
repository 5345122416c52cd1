"""A server's answer is put together from whatever pieces it comes in; what is no answer to one select is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pymysql.constants import FIELD_TYPE  # type: ignore[import-untyped]  # it has no types at all
from pymysql.err import InternalError, OperationalError  # type: ignore[import-untyped]  # no types either

from storage.sql.mysql_answer import KEPT_BYTES, Answer, Columns

UTF8, BINARY = 33, 63
END = b"\xfe\x00\x00\x02\x00"
ERROR = b"\xff" + (1317).to_bytes(2, "little") + b"#70100interrupted"
LONGEST = 2**24 - 1


def text(value: bytes) -> bytes:
    """A value with its length before it."""
    if len(value) < 251:
        return bytes([len(value)]) + value
    for kind, size in ((0xFC, 2), (0xFD, 3), (0xFE, 8)):
        if len(value) < 256**size:
            return bytes([kind]) + len(value).to_bytes(size, "little") + value
    raise AssertionError(len(value))


def column(name: bytes, kind: int = FIELD_TYPE.VAR_STRING, charset: int = UTF8) -> bytes:
    """The description of a column."""
    fixed = charset.to_bytes(2, "little") + bytes(4) + bytes([kind]) + bytes(2) + b"\x00" + bytes(2)
    return b"".join(map(text, (b"def", b"", b"t", b"t", name, name))) + bytes([len(fixed)]) + fixed


def sent(packets: Sequence[bytes], first: int = 1) -> bytes:
    """Packets as they are on the wire: the longest are followed by the rest of them."""
    wire, number = b"", first
    for packet in packets:
        pieces = [packet[at : at + LONGEST] for at in range(0, len(packet) + 1, LONGEST)]
        for piece in pieces:
            wire += len(piece).to_bytes(3, "little") + bytes([number % 256]) + piece
            number += 1
    return wire


def rows(wire: bytes, pieces: int = 1, known: Columns | None = None) -> list[tuple[Any, ...]]:
    """The rows of an answer that comes in so many pieces, and is whole with the last one."""
    return answered(wire, pieces, known).rows()


def answered(wire: bytes, pieces: int = 1, known: Columns | None = None) -> Answer:
    """The answer that comes in so many pieces."""
    answer = Answer("utf8", known)
    size = -(-len(wire) // pieces)
    some = [wire[at : at + size] for at in range(0, len(wire), size)]
    assert [answer.feed(piece) for piece in some] == [False] * (len(some) - 1) + [True]
    return answer


TWO = (b"\x02", column(b"one", FIELD_TYPE.LONGLONG, BINARY), column(b"two"), END)
ROW, NULLS = text(b"7") + text("é".encode()), b"\xfb\xfb"


@pytest.mark.parametrize("pieces", [1, 2, 7, 1000])
def test_an_answer_is_read_in_whatever_pieces_it_comes(pieces: int) -> None:
    assert rows(sent([*TWO, ROW, NULLS, END]), pieces) == [(7, "é"), (None, None)]


@pytest.mark.parametrize("pieces", [1, 2, 1000])
@pytest.mark.parametrize("others", [(), (ROW,), (ROW,) * 600])
def test_an_answer_whose_columns_are_known_says_the_same(others: Sequence[bytes], pieces: int) -> None:
    known = answered(sent([*TWO, ROW, END])).columns
    assert rows(sent([*TWO, *others, END]), pieces, known) == [(7, "é")] * len(others)


def test_known_columns_are_those_that_come_again() -> None:
    first = answered(sent([*TWO, ROW, END]))
    assert answered(sent([*TWO, END]), known=first.columns).columns is first.columns


def test_columns_that_are_not_the_known_ones_are_read() -> None:
    """A text may be answered in another way, when a table has changed."""
    known = answered(sent([*TWO, ROW, END])).columns
    others = (b"\x01", column(b"one"), END)
    assert rows(sent([*others, text(b"7"), END]), known=known) == [("7",)]


def test_a_row_that_comes_again_is_cut_up_once() -> None:
    wire = sent([*TWO, ROW, END])
    first = answered(wire)
    assert rows(wire, known=first.columns)[0] is first.rows()[0]


def test_a_row_of_other_columns_is_another() -> None:
    """The same bytes, after a table has changed."""
    known = answered(sent([*TWO, ROW, END]))
    assert known.rows() == [(7, "é")]
    others = (b"\x02", column(b"one"), column(b"two"), END)
    assert rows(sent([*others, ROW, END]), known=known.columns) == [("7", "é")]


def test_a_long_row_is_not_kept() -> None:
    """So that what is kept has a bound."""
    wire = sent([*TWO, text(b"7") + text(bytes(KEPT_BYTES)), END])
    first = answered(wire)
    one, other = first.rows(), rows(wire, known=first.columns)
    assert one == other
    assert one[0] is not other[0]


@pytest.mark.parametrize("before", [(), TWO, (*TWO, ROW)])
def test_an_error_is_raised_where_the_columns_are_known(before: Sequence[bytes]) -> None:
    known = answered(sent([*TWO, ROW, END])).columns
    with pytest.raises(OperationalError, match="interrupted"):
        rows(sent([*before, ERROR]), known=known)


def test_no_rows_are_no_rows() -> None:
    assert rows(sent([*TWO, END])) == []


def test_what_has_no_result_set_has_no_rows() -> None:
    assert rows(sent([b"\x00\x00\x00\x02\x00\x00\x00"])) == []


@pytest.mark.parametrize("length", [0, 250, 251, 65_535, 65_536, LONGEST - 4, LONGEST, LONGEST + 1])
def test_values_of_any_length_are_whole(length: int) -> None:
    """From one that fits in a packet to the last byte on, it goes on in the next."""
    packets = (b"\x01", column(b"one", FIELD_TYPE.BLOB, BINARY), END, text(b"x" * length), END)
    assert rows(sent(packets)) == [(b"x" * length,)]


def test_more_packets_than_a_byte_counts_are_read() -> None:
    assert rows(sent([*TWO, *[ROW] * 600, END])) == [(7, "é")] * 600


@pytest.mark.parametrize("before", [(), TWO, (*TWO, ROW)])
def test_an_error_is_raised_wherever_it_comes(before: Sequence[bytes]) -> None:
    with pytest.raises(OperationalError, match="interrupted"):
        rows(sent([*before, ERROR]))


@pytest.mark.parametrize(
    "wire",
    [
        sent([*TWO, END], first=2),
        sent(TWO) + sent([END], first=9),
        sent([*TWO, END]) + b"\x00",
        sent([b""]),
    ],
    ids=["another's", "out of order", "more than was asked for", "empty"],
)
def test_what_is_no_answer_to_one_select_is_refused(wire: bytes) -> None:
    with pytest.raises(InternalError):
        Answer("utf8").feed(wire)
