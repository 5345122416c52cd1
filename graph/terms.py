"""Labels, descriptions, aliases and their like: read from the snapshot, all of a kind at once (Q9).

What provides terms is an entity, whose row is at hand, or a link to one, whose head is looked up first. The terms
are plain data as stored: `{language, value}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Annotated, Any

import strawberry

from graph import loading
from graph.context import Info
from graph.languages import chain
from graph.plain import plain
from graph.scalars import LanguageCode
from graph.shapes import target
from storage.model import JsonObject

Language = Annotated[LanguageCode, strawberry.argument(description="The language.")]
Languages = Annotated[
    list[LanguageCode] | None,
    strawberry.argument(description="The languages, in the order wanted; all that there are if null."),
]
Fallback = Annotated[
    bool,
    strawberry.argument(
        description="Whether to go on to related languages, as Wikibase does, where there is no text in one."
    ),
]


_REQUESTED = object()
"""A key that no stored term can have."""


@strawberry.type(description="A text with its language.")
class LabelWithLanguage:
    """Plain data: `{language, value}`, and `_REQUESTED` where a fallback stands for another language."""

    language_code: LanguageCode = plain("language", description="The language that the text is in.")
    value: str = plain("value", description="The text.")
    requested_language_code: LanguageCode = plain(
        lambda term: term.get(_REQUESTED, term["language"]),
        description="The language that was asked for; another than the text's if it fell back.",
    )


@strawberry.type(description="The aliases of an entity in one language.")
class AliasesInLanguage:
    """Plain data: the language and its list of `{language, value}`."""

    language_code: LanguageCode = plain(itemgetter(0), description="The language of the aliases.")
    values: list[str] = plain(
        lambda aliases: [alias["value"] for alias in aliases[1]],
        description="The aliases, in their order.",
    )


@strawberry.interface(description="What has labels: an entity, or a link to one.")
class LabelProvider:
    """A link whose entity is not here has none."""

    @strawberry.field(description="The label in one language; null if there is none.")
    async def label(self, info: Info, language_code: Language, fallback: Fallback = False) -> str | None:
        return text(await stored(self, info, "labels"), language_code, fallback=fallback, mul=True)

    @strawberry.field(description="The labels in these languages; one that has none is left out.")
    async def labels(
        self, info: Info, languages: Languages = None, fallback: Fallback = False
    ) -> list[LabelWithLanguage] | None:
        return terms(await stored(self, info, "labels"), languages, fallback=fallback, mul=True)


@strawberry.interface(description="What has descriptions: an entity, or a link to one.")
class DescriptionProvider:
    """A link whose entity is not here has none."""

    @strawberry.field(description="The description in one language; null if there is none.")
    async def description(
        self, info: Info, language_code: Language, fallback: Fallback = False
    ) -> str | None:
        return text(await stored(self, info, "descriptions"), language_code, fallback=fallback)

    @strawberry.field(description="The descriptions in these languages; one that has none is left out.")
    async def descriptions(
        self, info: Info, languages: Languages = None, fallback: Fallback = False
    ) -> list[LabelWithLanguage] | None:
        return terms(await stored(self, info, "descriptions"), languages, fallback=fallback)


@strawberry.interface(description="What has aliases: an entity, or a link to one.")
class AliasesProvider:
    """A link whose entity is not here has none."""

    @strawberry.field(description="The aliases in these languages; one that has none is left out.")
    async def aliases(self, info: Info, languages: Languages = None) -> list[AliasesInLanguage] | None:
        groups = await stored(self, info, "aliases")
        chosen: Any = [(code, groups[code]) for code in _codes(groups, languages)]
        return chosen


async def stored(source: Any, info: Info, kind: str) -> Mapping[str, Any]:
    """The terms of a kind by language, of an entity at its shown revision or of a link's entity as it is now."""
    loaders = info.context.loaders
    row = getattr(source, "row", None)
    entity: JsonObject | None
    if row is not None:
        entity = (await loaders.snapshot_of(row)).snapshot.content.entity
    else:
        leads = target(source)
        entity = await loading.entity_of_link(loaders, leads) if leads is not None else None
    return entity_terms(entity, kind)


def entity_terms(entity: JsonObject | None, kind: str) -> Mapping[str, Any]:
    """The terms of a kind in entity JSON. Older JSON has an empty list where there are none."""
    found = (entity or {}).get(kind)
    return found if isinstance(found, dict) else {}


def text(
    by_language: Mapping[str, Any], language: LanguageCode, *, fallback: bool = False, mul: bool = False
) -> str | None:
    """The text in a language, or in the first of its fallbacks that has one."""
    for code in chain(language, mul=mul) if fallback else (language,):
        if code in by_language:
            value: str = by_language[code]["value"]
            return value
    return None


def terms(
    by_language: Mapping[str, Any],
    languages: Sequence[LanguageCode] | None,
    *,
    fallback: bool = False,
    mul: bool = False,
) -> list[LabelWithLanguage]:
    """The terms in these languages, in the order asked for; all if None. Plain data under its type."""
    if not fallback or languages is None:
        chosen: Any = [by_language[code] for code in _codes(by_language, languages)]
        return chosen
    found: list[Any] = []
    for language in dict.fromkeys(languages):
        code = next((code for code in chain(language, mul=mul) if code in by_language), None)
        if code is not None:
            found.append({**by_language[code], _REQUESTED: language})
    return found


def _codes(by_language: Mapping[str, Any], languages: Sequence[str] | None) -> Iterable[str]:
    if languages is None:
        return by_language
    return [code for code in dict.fromkeys(languages) if code in by_language]
