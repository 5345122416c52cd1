"""The canonical form and the hashes, bytes for bytes: stored content rests on them for ever (T1)."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.canonical import HASH_ALGORITHM, NotCanonical, canonical, digest, hash64, parse

GOLDEN: list[tuple[Any, bytes, int, str]] = [
    (
        2.777777777777778e-05,
        b"2.777777777777778e-05",
        1956742577319098781,
        "75e3544b28ecacfac06f17facc5290087c61a884e9bf4f6207299b30bef265c0",
    ),
    (1e16, b"1e+16", 796711596735772041, "a144838520595009e7daf5aff8472573f9ce6a4bcd8c30673675618883464ab0"),
    (
        1e15,
        b"1000000000000000.0",
        16879325821093680678,
        "c02731631f61648f06ba5501a9c68e2b0a9186a934ff45f40ab28eb6f3673021",
    ),
    (-0.0, b"-0.0", 2377348601777689867, "c26617c7ccbcaa6631b45d851b8cf56e21d2ca624bdb1193afdbd4b560702cec"),
    (1.0, b"1.0", 13930816646649096296, "d0ff5974b6aa52cf562bea5921840c032a860a91a3512f7fe8f768f6bbe005f6"),
    (1, b"1", 4937003385242669533, "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"),
    (
        5e-324,
        b"5e-324",
        3966954308263424984,
        "c46e7ca1be4c8734f373a56530787288fa2058d73d07855e9247e949f811a42a",
    ),
    (
        1.7976931348623157e308,
        b"1.7976931348623157e+308",
        3048319385838934710,
        "c2784e1abd6317452708f3fbf9641c16b959561bc621a1d408c23a20aa2cb585",
    ),
    (
        2**64,
        b"18446744073709551616",
        17786246205542105502,
        "8b292fc2d32f1fd491784610c61b90dc4632a6e4add19261eca4c3979e4ea6d2",
    ),
    (
        -(2**70),
        b"-1180591620717411303424",
        4252651939012893766,
        "971a3bcd7a79e1b5b48b268e2b9ea1e4309b95f5c18d6e6d756473aed4366a67",
    ),
    (
        'é\u2028\x7f\x00\x1f\t"\\/',
        b'"\xc3\xa9\xe2\x80\xa8\x7f\\u0000\\u001f\\t\\"\\\\/"',
        16305135263082612381,
        "b4303b99a5ca8519b58f4502917f250e11cb9cbcef84824be7268683c36703e0",
    ),
    (
        {"\U0001f600": 1, "\ufffd": 2, "a": 3, "B": 4},
        b'{"B":4,"a":3,"\xef\xbf\xbd":2,"\xf0\x9f\x98\x80":1}',
        14214554101272378707,
        "adcad02b357dd8882ee9eec73a3ab5d7dbe66eb30a55a66618b5db4476f8c791",
    ),
]
"""A value, its canonical bytes, their rapidhash and their SHA-256."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON, where 1 is not 1.0, 0.0 not -0.0 and true not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


@pytest.mark.parametrize(("value", "data"), [(value, data) for value, data, _, _ in GOLDEN])
def test_the_canonical_bytes_are_these(value: Any, data: bytes) -> None:
    """T1."""
    assert canonical(value) == data


@pytest.mark.parametrize(("data", "hash_"), [(data, hash_) for _, data, hash_, _ in GOLDEN])
def test_the_hash_of_canonical_bytes_is_this(data: bytes, hash_: int) -> None:
    """T1: another version of the algorithm would give other numbers."""
    assert HASH_ALGORITHM == "rapidhash-1"
    assert hash64(data) == hash_


@pytest.mark.parametrize(("data", "digest_"), [(data, digest_) for _, data, _, digest_ in GOLDEN])
def test_the_digest_of_canonical_bytes_is_this(data: bytes, digest_: str) -> None:
    """T3: SHA-256."""
    assert digest(data).hex() == digest_


@pytest.mark.parametrize(
    ("probe", "hash_"),
    [(0, 4937003385242669533), (1, 13156398313469870455), (2, 6382580575893924528)],
)
def test_each_probe_has_its_hash(probe: int, hash_: int) -> None:
    """T3: a statement that was probed past another is found again only by the same numbers."""
    assert hash64(b"1", probe) == hash_


def test_a_whole_statement_has_these_bytes_and_this_hash() -> None:
    """T1: sorted keys, no white space; a missing `datatype` stays missing (S9)."""
    statement = {
        "type": "statement",
        "rank": "normal",
        "mainsnak": {
            "snaktype": "value",
            "property": "P31",
            "datavalue": {
                "value": {"entity-type": "item", "numeric-id": 5, "id": "Q5"},
                "type": "wikibase-entityid",
            },
        },
    }

    data = canonical(statement)

    assert data == (
        b'{"mainsnak":{"datavalue":{"type":"wikibase-entityid",'
        b'"value":{"entity-type":"item","id":"Q5","numeric-id":5}},'
        b'"property":"P31","snaktype":"value"},"rank":"normal","type":"statement"}'
    )
    assert hash64(data) == 3647547308808448827


def test_keys_are_sorted_by_code_point() -> None:
    """T1: by UTF-16 units U+1F600 would come before U+FFFD."""
    assert canonical({"\U0001f600": 0, "\ufffd": 0, "\ue000": 0, "z": 0, "é": 0}) == (
        '{"z":0,"é":0,"\ue000":0,"\ufffd":0,"\U0001f600":0}'.encode()
    )


def test_the_order_of_keys_makes_no_difference() -> None:
    """T2."""
    assert canonical({"a": {"x": 1, "y": 2}, "b": []}) == canonical({"b": [], "a": {"y": 2, "x": 1}})


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (0.0, -0.0), (True, 1), (None, "null"), ([], {}), ("1", 1), ("é", "e\u0301")]
)
def test_values_that_differ_have_different_bytes(one: Any, other: Any) -> None:
    """S9: what was sent as a number comes back as that number; nothing is normalised."""
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        [{"a": math.nan}],
        "\ud800",
        ["x", "\udfff"],
        {"\ud83d": 1},
        "\ude00\ud83d",
        pytest.param(object(), id="object"),
        {"a": {1, 2}},
        b"bytes",
        pytest.param(10**5000, id="integer of 5001 digits"),
    ],
)
def test_what_json_in_utf8_can_not_hold_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


@pytest.mark.parametrize("open_", ["[", "{"])
def test_deep_nesting_is_refused_and_crashes_nothing(open_: str) -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value] if open_ == "[" else {"a": value}

    with pytest.raises(NotCanonical):
        canonical(value)
    while isinstance(value, list | dict):  # taken apart by hand: the interpreter's own way would recurse
        value = value[0] if isinstance(value, list) else value["a"]


@pytest.mark.parametrize("leaf", [b"1", b"184467440737095516160"], ids=["fast", "big integer"])
@pytest.mark.parametrize(("open_", "close"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deeply_nested_text_is_refused_and_crashes_nothing(open_: bytes, close: bytes, leaf: bytes) -> None:
    with pytest.raises(ValueError):
        parse(open_ * 100_000 + leaf + close * 100_000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"18446744073709551615", 2**64 - 1),
        (b"18446744073709551616", 2**64),
        (b"-9223372036854775808", -(2**63)),
        (b"-9223372036854775809", -(2**63) - 1),
        (b"19000000000000000000", 19 * 10**18),
        (b"99999999999999999999", 10**20 - 1),
        (b"-18446744073709551616", -(2**64)),
        (b"100000000000000000000", 10**20),
        (b'{"a":[123456789012345678901234567890]}', {"a": [123456789012345678901234567890]}),
        (b"123456789012345678901234567890.5", 123456789012345678901234567890.5),
        (b"2.777777777777778e-05", 2.777777777777778e-05),
        (b"0.00002777777777777778", 2.777777777777778e-05),
        (b"1E5", 100000.0),
        (b"1.0", 1.0),
        (b"-0.0", -0.0),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'["\\ud83d\\ude00",18446744073709551616]', ["😀", 2**64]),
        (b'"18446744073709551616"', "18446744073709551616"),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b' [ 1 , "\\u0041" ]\n', [1, "A"]),
    ],
)
def test_a_text_is_read_as_its_value(text: bytes, value: Any) -> None:
    """S9: every integer exact, whatever its size."""
    assert same(parse(text), value)


BROKEN = [
    b"",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b'"\\ud800"',
    b'"\\ude00\\ud83d"',
    b'{"\\ud800":1}',
    b'"\xed\xa0\x80"',
    b'"\xff"',
    b"\xef\xbb\xbf1",
    b'"\x01"',
    b'"\n"',
    b"[1,]",
    b"{'a':1}",
    b"01",
    b"1.",
    b"[1",
    b"1 2",
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_json_is_refused_beside_a_big_integer_too(text: bytes) -> None:
    """Two readers share the work: they must have one verdict."""
    with pytest.raises(ValueError):
        parse(b"[18446744073709551616," + text + b"]")


def test_an_integer_of_absurd_length_is_refused() -> None:
    """To read it would take quadratic time."""
    with pytest.raises(ValueError):
        parse(b"1" * 5000)


@given(JSON)
@example([-0.0, 0.0, 1.0, 1, True])
@example({"\U0001f600": 2**64, "\ufffd": [{}]})
def test_a_canonical_form_reads_back_as_the_value(value: Any) -> None:
    """I5."""
    assert same(parse(canonical(value)), value)


@given(JSON)
def test_a_canonical_form_is_stable(value: Any) -> None:
    """T1: what is read back and written again has the same bytes."""
    data = canonical(value)

    assert canonical(parse(data)) == data


@given(JSON)
def test_a_canonical_form_is_read_by_any_reader(value: Any) -> None:
    assert same(json.loads(canonical(value).decode("utf-8")), value)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Never another exception."""
    try:
        value = parse(data)
    except ValueError:
        return
    assert same(parse(canonical(value)), value)


@given(st.binary(), st.integers(0, 300))
def test_a_hash_is_an_unsigned_number_of_64_bits(data: bytes, probe: int) -> None:
    assert 0 <= hash64(data, probe) < 2**64
