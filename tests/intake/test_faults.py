"""What cannot be imported is refused with its place, and reading goes on (M1)."""

from __future__ import annotations

import bz2
import gzip
import json
import zlib
from collections.abc import Callable

import pytest
import zstandard

from app.intake import Refused
from tests.intake.writing import FORMATS, an_entity, entities, ids, refusals, taken

Q1, Q2, Q3 = (json.dumps(an_entity(number)).encode() for number in (1, 2, 3))


@pytest.mark.parametrize(
    "faulty",
    [
        b"{",
        b'{"id":"Q2',
        b'{"id":',
        b'{"id":"Q2","claims":[',
        b'{"id":"Q2",}',
        b"oops",
        Q2 + b"}",
        Q2[:-1],
        Q2[:99],
    ],
)
@pytest.mark.parametrize("dump", [False, True])
def test_a_faulty_line_is_refused_and_the_next_is_read(faulty: bytes, dump: bool) -> None:
    """M1: in NDJSON and in a dump array, wherever the line was cut off."""
    lines = [Q1, faulty, Q3, Q1]
    intakes = taken(b"[\n" + b",\n".join(lines) + b"\n]\n" if dump else b"\n".join(lines))
    whole = faulty == Q2 + b"}"  # what is too much is refused, not what came before it on the line
    assert ids(intakes) == (["Q1", "Q2", "Q3", "Q1"] if whole else ["Q1", "Q3", "Q1"])
    place = "entity 3" if whole else "line 3" if dump else "line 2"
    assert refusals(intakes) == [(place, "not_json")]


def test_a_dump_whose_last_line_is_cut_off_ends_all_the_same() -> None:
    """M1: the array's own bracket is not taken for one that was lost."""
    intakes = taken(b"[\n" + Q1 + b',\n{"id":"Q2","labels":{\n]\n' + Q3)
    assert refusals(intakes) == [("line 3", "not_json")]
    assert ids(intakes) == ["Q1", "Q3"]


def test_a_faulty_first_line_is_refused_and_the_next_is_read() -> None:
    """M1: before any line has shown what the format is."""
    intakes = taken(b'{"aliases":[\n' + Q1 + b"\n" + Q2 + b"\n")
    assert refusals(intakes) == [("line 1", "not_json")]
    assert ids(intakes) == ["Q1", "Q2"]


def test_two_faulty_lines_are_refused_by_their_lines() -> None:
    """M1: one refusal tells which lines were left out when they were read as one value."""
    intakes = taken(b"\n".join([Q1, Q2[:50], Q2[:60] + b'"}', Q3]))
    assert ids(intakes) == ["Q1", "Q3"]
    assert refusals(intakes) == [("line 2", "not_json"), ("line 3", "not_json")]


def test_a_faulty_entity_in_an_indented_array_is_refused_alone() -> None:
    """M1: the next one is found by its indentation."""
    lines = json.dumps([an_entity(1), an_entity(2), an_entity(3)], indent=2).encode().split(b"\n")
    second = lines.index(b"  {", 2)
    lines[second + 5] = lines[second + 5][:-3]
    intakes = taken(b"\n".join(lines))
    assert refusals(intakes) == [(f"line {second + 1}", "not_json")]
    assert ids(intakes) == ["Q1", "Q3"]


def test_an_indented_entity_without_its_end_does_not_swallow_the_next() -> None:
    """M1: what lost a bracket ends where the next value of the same indentation begins."""
    lines = json.dumps([an_entity(1), an_entity(2), an_entity(3)], indent=2).encode().split(b"\n")
    second = lines.index(b"  {", 2)
    del lines[second + 20 : second + 30]
    intakes = taken(b"\n".join(lines))
    assert refusals(intakes)[0] == (f"line {second + 1}", "not_json")
    assert ids(intakes) == ["Q1", "Q3"]


def test_a_faulty_entity_in_a_wrapper_is_refused_alone() -> None:
    """M1: as long as its brackets match."""
    intakes = taken(b'{"entities":{"Q1":' + Q1 + b',"Q2":{"id":nothing},"Q3":' + Q3 + b"}}")
    assert refusals(intakes) == [("entities/Q2", "not_json")]
    assert ids(intakes) == ["Q1", "Q3"]


def test_lines_of_another_format_are_one_refusal() -> None:
    """M1: a text of many lines does not flood the report, and the report says which lines."""
    intakes = taken(b"# A heading\n\nand text\n" + Q1 + b"\n")
    assert refusals(intakes) == [("line 1", "not_json")]
    assert isinstance(intakes[0], Refused)
    assert "lines 1 to 3" in intakes[0].reason
    assert ids(intakes) == ["Q1"]


@pytest.mark.parametrize(
    ("data", "positions"),
    [
        (b"[\n" + Q1 + b",\n" + Q2 + b",\n", ["line 4"]),
        (b"[\n" + Q1 + b",\n" + Q2 + b",\n" + Q3[:70], ["line 4"]),
        (b"[" + Q1 + b"," + Q2 + b"," + Q3[:70], ["entity 3"]),
        (Q1 + b"\n" + Q2 + b"\n" + Q3[:70], ["line 3"]),
        (b'{"entities":{"Q1":' + Q1 + b',"Q2":' + Q2 + b',"Q3":' + Q3[:70], ["entities/Q3"]),
    ],
)
def test_input_that_is_cut_off_gives_all_that_is_whole(data: bytes, positions: list[str]) -> None:
    """M1: and says where it ended."""
    intakes = taken(data)
    assert ids(intakes) == ["Q1", "Q2"]
    assert refusals(intakes) == [(position, "cut_off") for position in positions]


def _damaged(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3] + b"\xff\x00\xff\x00" + data[len(data) * 2 // 3 + 4 :]


_MANY = b"".join(
    json.dumps(an_entity(number, zlib.compress(bytes([number % 250]) * 40).hex())).encode() + b"\n"
    for number in range(1, 9000)
)


@pytest.mark.parametrize(
    "harm", [_damaged, lambda data: data[: len(data) * 2 // 3]], ids=["damaged", "truncated"]
)
@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, zstandard.compress], ids=["gzip", "bzip2", "zstd"]
)
def test_bad_compression_is_refused_after_all_that_is_whole(
    pack: Callable[[bytes], bytes], harm: Callable[[bytes], bytes]
) -> None:
    """M1: a download that broke off gives the documents before it."""
    intakes = taken(harm(pack(_MANY)))
    found = ids(intakes)
    assert len(found) > 1000
    codes = [code for _, code in refusals(intakes)]
    assert codes[-1] == "bad_compression"
    # What zstd and gzip decode before they notice damage may be wrong; what is truncated is not.
    if harm is not _damaged:
        assert codes == ["bad_compression"]
        assert refusals(intakes)[0][0] == f"line {len(found) + 1}"


def test_an_entity_over_the_limit_is_refused_and_the_next_is_read() -> None:
    """M1: in every format that can hold more than one."""
    written = [an_entity(1), an_entity(2, "x" * 5000), an_entity(3)]
    for form, write in FORMATS.items():
        intakes = taken(write(written), max_entity_bytes=4000)
        assert ids(intakes) == ["Q1", "Q3"], form
        assert [code for _, code in refusals(intakes)] == ["entity_too_large"], form


def test_the_limit_is_exact() -> None:
    """M1: an entity of that many bytes is read, of one more it is not."""
    assert entities(taken(Q1, max_entity_bytes=len(Q1))) == [an_entity(1)]
    assert refusals(taken(Q1, max_entity_bytes=len(Q1) - 1)) == [("line 1", "entity_too_large")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \r\n\xef\xbb\xbf", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"[]", "no_entity"),
        (b'{"entities":{},"success":1}', "no_entity"),
        (b'\n<?xml version="1.0"?>\n<!-- x -->\n<mediawiki xmlns="x">\n', "mediawiki_xml"),
        (b"<mediawiki>", "mediawiki_xml"),
        (b'<?xml version="1.0"?><rdf:RDF xmlns:rdf="x">', "not_json"),
        (b"@prefix wd: <http://www.wikidata.org/entity/> .\nwd:Q1 a wikibase:Item .", "not_json"),
        (b"<http://www.wikidata.org/entity/Q1> <http://x> <http://y> .", "not_json"),
        (b"<!DOCTYPE html><html></html>", "not_json"),
        (b"no JSON at all", "not_json"),
        ("{}".encode("utf-16"), "not_json"),
        (b'{"error":{"code":"maxlag","info":"Waiting"},"servedby":"x"}', "api_error"),
        (b'{"entities":{"-1":{"site":"dewiki","title":"1","missing":""}},"success":1}', "missing_entity"),
        (b'{"entities":{"Q999":{"id":"Q999","missing":""}},"success":1}', "missing_entity"),
        (b'{"searchinfo":{"search":"abc"},"search":[{"id":"Q1"}],"success":1}', "no_entity"),
        (b'{"changelog_kind":"update","page_change_kind":"edit","page":{}}', "no_entity"),
        (b'{"claims":{"P1":[]}}', "no_entity_id"),
        (b'{"id":"Q1","labels":{}}', "no_entity_type"),
        (b'["Q1", "Q2", "Q3"]', "no_entity"),
        (b'"Q1"\n"Q2"\n', "no_entity"),
        (b'[["Q1"]]', "no_entity"),
        (
            b'{"label":{"en":"x"},"description":[],"aliases":[],"links":[],"entity":"q1"}',
            "legacy_serialization",
        ),
        (b'{"entity":{"labels":{},"id":"Q1","type":"item"},"success":1}', "no_entity"),
        (b'{"id":"Q1","redirects":[]}', "no_entity"),
        (b"{}", "no_entity"),
        (b'{"id":"Q1","type":"item","x":NaN}', "not_json"),
        (b'{"id":"Q1","type":"item","x":"\xff"}', "not_json"),
        (b"[" * 100_000, "not_json"),
    ],
)
def test_what_is_no_entity_is_refused_by_name(data: bytes, code: str) -> None:
    """M1: one refusal, with a code of its own for what a person may take for entity JSON."""
    assert [found for _, found in refusals(taken(data))] == [code]
    assert entities(taken(data)) == []


def test_content_is_not_judged() -> None:
    """M1: any object with a string id and a string type is for validation to refuse."""
    data = b'{"id":"M1","type":"mediainfo","statements":[]}\n{"id":"?","type":"?","anything":1}\n'
    assert ids(taken(data)) == ["M1", "?"]
