"""Lexemes with their forms and senses, which have statements of their own."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from graph.context import Info
from graph.entity import Entity
from graph.links import ItemValue
from graph.node import Node
from graph.plain import pure
from graph.subject import StatementProvider
from graph.terms import Fallback, LabelWithLanguage, Language, Languages, entity_terms, terms, text
from storage.model import JsonObject

Ids = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Only those of these ids, in this order; all if null."),
]


@strawberry.interface(description="A form or sense of a lexeme.")
class LexemePart(Node, StatementProvider):
    """`stored` is its JSON in the lexeme's, without statements."""

    stored: strawberry.Private[JsonObject]
    of: strawberry.Private[Lexeme]

    @strawberry.field(description="Its id, which begins with the lexeme's.")
    @pure
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.stored["id"])

    @strawberry.field(description="The lexeme that it belongs to.")
    @pure
    def lexeme(self) -> Annotated[Lexeme, strawberry.lazy("graph.lexeme")]:
        return self.of


@strawberry.type(description="A form in which a lexeme appears, such as a plural.")
class Form(LexemePart):
    """L1-F1."""

    @strawberry.field(description="How the form is written, by language or script.")
    @pure
    def representations(
        self, languages: Languages = None, fallback: Fallback = False
    ) -> list[LabelWithLanguage]:
        return terms(entity_terms(self.stored, "representations"), languages, fallback=fallback)

    @strawberry.field(description="The items that say which form it is.")
    @pure
    def grammatical_features(self) -> list[ItemValue]:
        told = self.stored.get("grammaticalFeatures")
        features: Any = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        return features


@strawberry.type(description="A meaning of a lexeme.")
class Sense(LexemePart):
    """L1-S1."""

    @strawberry.field(description="What the sense means, by language.")
    @pure
    def glosses(self, languages: Languages = None, fallback: Fallback = False) -> list[LabelWithLanguage]:
        return terms(entity_terms(self.stored, "glosses"), languages, fallback=fallback)

    @strawberry.field(description="What the sense means, in one language; null if that is not said.")
    @pure
    def gloss(self, language_code: Language, fallback: Fallback = False) -> str | None:
        return text(entity_terms(self.stored, "glosses"), language_code, fallback=fallback)


@strawberry.type(description="A lexeme: a word of a language.")
class Lexeme(Entity):
    """L ids."""

    @strawberry.field(description="The lemmas in these languages or scripts; one that has none is left out.")
    async def lemmas(
        self, info: Info, languages: Languages = None, fallback: Fallback = False
    ) -> list[LabelWithLanguage] | None:
        return terms(entity_terms(await self.content(info), "lemmas"), languages, fallback=fallback)

    @strawberry.field(description="The item of the language that the lexeme belongs to.")
    async def language(self, info: Info) -> ItemValue | None:
        return (await self.content(info)).get("language")

    @strawberry.field(description="The item of the lexical category, such as noun.")
    async def lexical_category(self, info: Info) -> ItemValue | None:
        return (await self.content(info)).get("lexicalCategory")

    @strawberry.field(description="The forms, in their order.")
    async def forms(self, info: Info, ids: Ids = None) -> list[Form] | None:
        return [
            Form(row=self.row, part=one["id"], stored=one, of=self)
            for one in await self._parts(info, "forms", ids)
        ]

    @strawberry.field(description="The senses, in their order.")
    async def senses(self, info: Info, ids: Ids = None) -> list[Sense] | None:
        return [
            Sense(row=self.row, part=one["id"], stored=one, of=self)
            for one in await self._parts(info, "senses", ids)
        ]

    @strawberry.field(description="The number that the next new form will have.")
    async def next_form_id(self, info: Info) -> int | None:
        return await self._number(info, "nextFormId")

    @strawberry.field(description="The number that the next new sense will have.")
    async def next_sense_id(self, info: Info) -> int | None:
        return await self._number(info, "nextSenseId")

    async def _number(self, info: Info, name: str) -> int | None:
        found = (await self.content(info)).get(name)
        return found if type(found) is int and 0 <= found < 2**31 else None

    async def form_of(self, info: Info, id: str) -> Form | None:
        """The form of an id, None if the lexeme has none."""
        parts = await self._parts(info, "forms", [strawberry.ID(id)])
        return Form(row=self.row, part=id, stored=parts[0], of=self) if parts else None

    async def sense_of(self, info: Info, id: str) -> Sense | None:
        """The sense of an id, None if the lexeme has none."""
        parts = await self._parts(info, "senses", [strawberry.ID(id)])
        return Sense(row=self.row, part=id, stored=parts[0], of=self) if parts else None

    async def _parts(self, info: Info, kind: str, ids: list[strawberry.ID] | None) -> list[JsonObject]:
        parts: list[JsonObject] = (await self.content(info)).get(kind) or []
        if ids is None:
            return parts
        by_id = {one["id"]: one for one in parts}
        return [by_id[one] for one in dict.fromkeys(one.upper() for one in ids) if one in by_id]
