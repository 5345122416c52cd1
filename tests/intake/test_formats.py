"""Entities read back equal from all formats and packings (M1)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake import Document, Place, Redirect, read
from tests.intake.writing import FORMATS, PACKINGS, Dribble, an_entity, entities, refusals, taken

THREE = [an_entity(1), an_entity(2), an_entity(30)]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", FORMATS)
def test_reads_back_equal(tmp_path: Path, form: str, packing: str) -> None:
    """M1: every format in every packing; the name of the file says nothing."""
    file = tmp_path / "some.name"
    file.write_bytes(PACKINGS[packing](FORMATS[form](THREE)))
    intakes = list(read([str(file)]))
    assert refusals(intakes) == []
    assert entities(intakes) == THREE


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_entity = st.fixed_dictionaries(
    {"id": st.text(max_size=5), "type": st.text(max_size=5), "claims": _json, "labels": _json}
)


@given(
    written=st.lists(_entity, min_size=1, max_size=5),
    form=st.sampled_from(sorted(FORMATS)),
    packing=st.sampled_from(["plain", "gzip in members", "zstd in frames"]),
    sizes=st.lists(st.integers(1, 70), min_size=1, max_size=5),
)
def test_reads_back_equal_however_the_stream_is_cut(
    written: list[dict[str, object]], form: str, packing: str, sizes: list[int]
) -> None:
    """M1: any entities, any format, any short reads."""
    stream = cast(BinaryIO, Dribble(PACKINGS[packing](FORMATS[form](written)), sizes))
    intakes = list(read(["-"], stdin=stream))
    assert refusals(intakes) == []
    assert entities(intakes) == written


@given(
    data=st.lists(
        st.sampled_from(
            [
                *b'{}[]",:\n\\ e1',
                b'{"id":"Q1","type":"item"}',
                b'{"entities":',
                b'"entities"',
                b'"a"',
                b"\xef\xbb\xbf",
            ]
        )
    ).map(lambda parts: b"".join(bytes([part]) if isinstance(part, int) else part for part in parts)),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    limit=st.sampled_from([8, 40, 1 << 20]),
)
def test_any_bytes_give_the_same_answers_however_they_are_cut(
    data: bytes, sizes: list[int], limit: int
) -> None:
    """M1: even faulty input is read the same way by chance of reading, gives an answer and never raises."""
    whole = taken(data, max_entity_bytes=limit)
    assert list(read(["-"], stdin=cast(BinaryIO, Dribble(data, sizes)), max_entity_bytes=limit)) == whole
    assert whole


def test_integers_stay_exact() -> None:
    """M1: reads back equal, where a double would not do."""
    number = 2**64 + 1
    [document] = taken(b'{"id":"Q1","type":"item","n":%d}' % number)
    assert isinstance(document, Document)
    assert document.entity["n"] == number


@pytest.mark.parametrize(
    ("form", "positions"),
    [
        ("dump", ["line 2", "line 3", "line 4"]),
        ("NDJSON with blank lines and BOM", ["line 2", "line 5", "line 8"]),
        ("array on one line", ["line 1", "entity 2", "entity 3"]),
        ("array indented", ["line 2", "line 54", "line 106"]),
        ("end to end", ["line 1", "entity 2", "entity 3"]),
        ("wrapper", ["entities/0", "entities/1", "entities/2"]),
        ("wrapper indented", ["entities/0", "entities/1", "entities/2"]),
        ("wrapper around a list", ["entities/0", "entities/1", "entities/2"]),
        ("wrappers on lines", ["entities/0", "line 2, entities/0", "line 3, entities/0"]),
    ],
)
def test_tells_the_place(form: str, positions: list[str]) -> None:
    """M1: where each document stood."""
    assert [intake.place.position for intake in taken(FORMATS[form](THREE))] == positions


def test_a_place_reads_as_path_and_position() -> None:
    assert str(Place("a.json", "line 12")) == "a.json:line 12"
    assert str(Place("-")) == "-"


def test_a_redirect_is_told_as_such() -> None:
    """M1: the form in which Wikibase stores redirects, among entities."""
    data = b'{"entity":"Q11","redirect":"Q1"}\n{"id":"Q1","type":"item"}\n'
    first, second = taken(data)
    assert first == Redirect(Place("-", "line 1"), "Q11", "Q1")
    assert isinstance(second, Document)


def test_documents_come_before_the_input_ends() -> None:
    """M1: an endless stream of lines can be followed; nothing waits for more than it needs."""

    class Endless(io.RawIOBase):
        lines = 0

        def read(self, size: int = -1) -> bytes:
            self.lines += 1
            return json.dumps(an_entity(self.lines)).encode() + b"\n"

    stream = Endless()
    intakes = read(["-"], stdin=cast(BinaryIO, stream))
    for _ in range(10):
        assert isinstance(next(intakes), Document)
    assert stream.lines < 20
