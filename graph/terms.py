"""Labels, descriptions and aliases: read from the snapshot, all of a kind at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry

from graph.scalars import LanguageCode


@strawberry.type(description="A text in one language, as it is stored.")
class LabelWithLanguage:
    """A label or description."""

    language_code: LanguageCode = strawberry.field(description="The language of the text.")
    value: str = strawberry.field(description="The text.")


@strawberry.type(description="The aliases of an entity in one language.")
class AliasesInLanguage:
    """Aliases, in their order."""

    language_code: LanguageCode = strawberry.field(description="The language of the aliases.")
    values: list[str] = strawberry.field(description="The aliases, in their order.")


def terms(stored: Any, languages: Sequence[LanguageCode] | None) -> list[LabelWithLanguage]:
    """The terms in these languages, in the order asked for; all if None."""
    return [
        LabelWithLanguage(language_code=LanguageCode(code), value=term["value"])
        for code, term in _chosen(stored, languages)
    ]


def aliases(stored: Any, languages: Sequence[LanguageCode] | None) -> list[AliasesInLanguage]:
    """The aliases in these languages."""
    return [
        AliasesInLanguage(language_code=LanguageCode(code), values=[alias["value"] for alias in group])
        for code, group in _chosen(stored, languages)
    ]


def _chosen(stored: Any, languages: Sequence[LanguageCode] | None) -> list[tuple[str, Any]]:
    if not isinstance(stored, dict):
        return []
    if languages is None:
        return list(stored.items())
    return [(code, stored[code]) for code in dict.fromkeys(languages) if code in stored]
