"""Fallbacks between languages: the order is Wikibase's, the table is sound (Q9)."""

from __future__ import annotations

import re

import pytest

from graph.languages import _LANGUAGES, FALLBACKS, chain


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "en"),
        ("de", "de en"),
        ("de-at", "de-at de en"),
        ("de-ch", "de-ch de en"),
        ("als", "als gsw de en"),
        ("be-tarask", "be-tarask be en"),
        ("nb", "nb no nn en"),
        ("nn", "nn no nb en"),
        ("pt", "pt pt-br en"),
        ("pt-br", "pt-br pt en"),
        ("simple", "simple en"),
        ("sr-ec", "sr-ec sr-cyrl sr en"),
        ("uk", "uk en"),
        ("zh-hant", "zh-hant zh-tw zh-hk zh zh-hans en"),
        ("zh-hk", "zh-hk zh-hant zh-tw zh zh-hans en"),
        ("zh-tw", "zh-tw zh-hant zh-hk zh zh-hans en"),
        ("a-language-nobody-knows", "a-language-nobody-knows en"),
    ],
)
def test_a_language_is_followed_by_its_fallbacks_and_english(language: str, expected: str) -> None:
    assert chain(language, mul=False) == tuple(expected.split())


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "de mul en"),
        ("de-at", "de-at de mul en"),
        ("en-gb", "en-gb mul en"),
        ("mul", "mul en"),
    ],
)
def test_mul_comes_before_the_english_that_is_for_everyone(language: str, expected: str) -> None:
    """What no language of the chain says is said in all languages at once, if at all."""
    assert chain(language, mul=True) == tuple(expected.split())


@pytest.mark.parametrize("language", ["en", "en-ca", "sco", "simple"])
def test_mul_comes_after_english_that_is_meant_itself(language: str) -> None:
    """As in Wikibase: English is a fallback of Scots, and not only what is left in the end."""
    assert chain(language, mul=True)[-2:] == ("en", "mul")


def test_fallbacks_of_a_fallback_do_not_count() -> None:
    """Each language names all of its own: MediaWiki does not go on from one to the next."""
    assert FALLBACKS["aeb"] == ("aeb-arab",)
    assert FALLBACKS["aeb-arab"] == ("ar",)
    assert "ar" not in chain("aeb", mul=True)


@pytest.mark.parametrize("mul", [False, True])
@pytest.mark.parametrize("language", FALLBACKS)
def test_every_chain_names_each_language_once_and_reaches_english(language: str, mul: bool) -> None:
    found = chain(language, mul=mul)
    assert found[0] == language
    assert len(found) == len(set(found))
    assert "en" in found[-2:]
    assert ("mul" in found) == mul


def test_the_table_is_of_language_codes() -> None:
    codes = {code for language, fallbacks in FALLBACKS.items() for code in (language, *fallbacks)}
    assert [code for code in codes if not re.fullmatch(r"[a-z]{2,8}(-[a-z]{1,9}){0,2}", code)] == []


def test_no_language_is_its_own_fallback_or_has_one_twice() -> None:
    for language, fallbacks in FALLBACKS.items():
        assert language not in fallbacks
        assert len(fallbacks) == len(set(fallbacks))


def test_no_language_stands_twice_in_the_table() -> None:
    """The later one would silently win."""
    written = [code for told in _LANGUAGES.values() for code in told.split()]
    assert len(written) == len(set(written)) > 290
