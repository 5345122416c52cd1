"""Labels, descriptions, aliases and their like: read from the snapshot, all of a kind at once (Q9).

What provides terms is an entity, whose row is at hand, or a link to one, whose head is looked up first. The terms
are plain data as stored: `{language, value}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Annotated, Any

import strawberry

from graph import loading
from graph.context import Info
from graph.languages import chain
from graph.plain import plain, together
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


async def _labels(
    sources: Sequence[Any], info: Info, language_code: LanguageCode, fallback: bool = False
) -> Sequence[Any]:
    chosen = partial(text, language=language_code, fallback=fallback, mul=True)
    return await _of_many(sources, info, "labels", chosen)


async def _all_labels(
    sources: Sequence[Any], info: Info, languages: Languages = None, fallback: bool = False
) -> Sequence[Any]:
    chosen = partial(terms, languages=languages, fallback=fallback, mul=True)
    return await _of_many(sources, info, "labels", chosen)


async def _descriptions(
    sources: Sequence[Any], info: Info, language_code: LanguageCode, fallback: bool = False
) -> Sequence[Any]:
    chosen = partial(text, language=language_code, fallback=fallback)
    return await _of_many(sources, info, "descriptions", chosen)


async def _all_descriptions(
    sources: Sequence[Any], info: Info, languages: Languages = None, fallback: bool = False
) -> Sequence[Any]:
    chosen = partial(terms, languages=languages, fallback=fallback)
    return await _of_many(sources, info, "descriptions", chosen)


async def _all_aliases(sources: Sequence[Any], info: Info, languages: Languages = None) -> Sequence[Any]:
    return await _of_many(sources, info, "aliases", partial(_groups, languages=languages))


@strawberry.interface(description="What has labels: an entity, or a link to one.")
class LabelProvider:
    """A link whose entity is not here has none."""

    @strawberry.field(description="The label in one language; null if there is none.")
    @together(_labels)
    async def label(self, info: Info, language_code: Language, fallback: Fallback = False) -> str | None:
        return text(await stored(self, info, "labels"), language_code, fallback=fallback, mul=True)

    @strawberry.field(description="The labels in these languages; one that has none is left out.")
    @together(_all_labels)
    async def labels(
        self, info: Info, languages: Languages = None, fallback: Fallback = False
    ) -> list[LabelWithLanguage] | None:
        return terms(await stored(self, info, "labels"), languages, fallback=fallback, mul=True)


@strawberry.interface(description="What has descriptions: an entity, or a link to one.")
class DescriptionProvider:
    """A link whose entity is not here has none."""

    @strawberry.field(description="The description in one language; null if there is none.")
    @together(_descriptions)
    async def description(
        self, info: Info, language_code: Language, fallback: Fallback = False
    ) -> str | None:
        return text(await stored(self, info, "descriptions"), language_code, fallback=fallback)

    @strawberry.field(description="The descriptions in these languages; one that has none is left out.")
    @together(_all_descriptions)
    async def descriptions(
        self, info: Info, languages: Languages = None, fallback: Fallback = False
    ) -> list[LabelWithLanguage] | None:
        return terms(await stored(self, info, "descriptions"), languages, fallback=fallback)


@strawberry.interface(description="What has aliases: an entity, or a link to one.")
class AliasesProvider:
    """A link whose entity is not here has none."""

    @strawberry.field(description="The aliases in these languages; one that has none is left out.")
    @together(_all_aliases)
    async def aliases(self, info: Info, languages: Languages = None) -> list[AliasesInLanguage] | None:
        return _groups(await stored(self, info, "aliases"), languages)


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


async def _of_many(
    sources: Sequence[Any], info: Info, kind: str, chosen: Callable[[Mapping[str, Any]], Any]
) -> list[Any]:
    """What is chosen of the terms of many sources, in their order; what is wrong with one stands in its place."""
    return each(await entities_of(sources, info), lambda entity: chosen(entity_terms(entity, kind)))


async def entities_of(sources: Sequence[Any], info: Info) -> list[JsonObject | BaseException | None]:
    """The JSON of many entities, without statements: of those that sources are or lead to, as for `stored`."""
    loaders = info.context.loaders
    rows = [getattr(source, "row", None) for source in sources]
    stored = await loaders.snapshots_of([row for row in rows if row is not None])
    read = iter(one if isinstance(one, BaseException) else one.snapshot.content.entity for one in stored)
    if all(row is not None for row in rows):
        return list(read)
    targets = [None if row is not None else target(source) for row, source in zip(rows, sources, strict=True)]
    linked = await loading.entities_of_links(loaders, [one for one in targets if one is not None])
    return [
        next(read) if row is not None else None if leads is None else linked[leads]
        for row, leads in zip(rows, targets, strict=True)
    ]


def each(found: Sequence[Any], chosen: Callable[[Any], Any]) -> list[Any]:
    """What is chosen of each; an error stays, and what is raised of one stands in its place. Asked once of the same."""
    known: dict[int, Any] = {}
    answers = []
    for one in found:
        if id(one) not in known:
            try:
                known[id(one)] = one if isinstance(one, BaseException) else chosen(one)
            except Exception as error:
                known[id(one)] = error
        answers.append(known[id(one)])
    return answers


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


def _groups(by_language: Mapping[str, Any], languages: Sequence[LanguageCode] | None) -> Any:
    """The aliases in these languages. Plain data under its type."""
    return [(code, by_language[code]) for code in _codes(by_language, languages)]


def _codes(by_language: Mapping[str, Any], languages: Sequence[str] | None) -> Iterable[str]:
    if languages is None:
        return by_language
    return [code for code in dict.fromkeys(languages) if code in by_language]
