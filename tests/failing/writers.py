"""Clients that go on while servers come and go, by GraphQL alone, and note what they are told.

A writer edits an entity of its own, each edit with a key of its own, and sends it until it is acknowledged. So at the
end exactly what was acknowledged must be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.serving import Asking

_ENDING = """{
    __typename
    ... on Edited {entityId revisionId}
    ... on Refusal {code retryable message}
    ... on EditConflict {found}
}"""
_CREATE = f"mutation ($input: CreateEntityInput!) {{ending: createEntity(input: $input) {_ENDING}}}"
_EDIT = f"mutation ($input: EditEntityInput!) {{ending: editEntity(input: $input) {_ENDING}}}"
_READ = """query ($id: EntityId!, $revision: Int) {
    entity(id: $id, revisionId: $revision) {
        ... on Item {label(languageCode: "en") statements {value {... on StringValue {content}}}}
    }
}"""
_HISTORY = "query ($id: EntityId!) {entity(id: $id) {history(first: 500) {nodes {revisionId}}}}"

PAUSE = 0.02


class Writer:
    """`told` is what was acknowledged: what the entity says since which revision. `refusals` is the rest."""

    def __init__(self, asking: Asking, name: str) -> None:
        self._asking, self._name = asking, name
        self._tried = 0
        self.entity = ""
        self.told: dict[int, str] = {}
        self.refusals: list[dict[str, Any]] = []

    async def edit(self) -> None:
        """One edit more, the first one a creation."""
        self._tried += 1
        text = f"{self._name} {self._tried}"
        asked: dict[str, Any] = {"entity": _content(text), "meta": {"idempotencyKey": text}}
        if self.told:
            asked |= {"id": self.entity, "baseRevisionId": max(self.told)}
        while True:
            answer = await self._asking(_EDIT if self.told else _CREATE, input=asked)
            assert "errors" not in answer, answer
            ending = answer["data"]["ending"]
            if ending["__typename"] == "Edited":
                self.entity = ending["entityId"]
                self.told[ending["revisionId"]] = text
                return
            self.refusals.append(ending)
            await asyncio.sleep(PAUSE)

    async def go_on(self) -> None:
        """Edit until cancelled."""
        while True:
            await self.edit()

    async def found(self) -> dict[int, str]:
        """What the entity says in each of its revisions. Fails if its parts say different things."""
        history = (await self._asking.data(_HISTORY, id=self.entity))["entity"]["history"]["nodes"]
        return {one["revisionId"]: await self._said(one["revisionId"]) for one in history}

    async def _said(self, revision: int) -> str:
        entity = (await self._asking.data(_READ, id=self.entity, revision=revision))["entity"]
        (statement,) = entity["statements"]
        assert statement["value"]["content"] == entity["label"]
        label: str = entity["label"]
        return label


class Reader:
    """Reads what a writer writes; `errors` is what it was told of instead."""

    def __init__(self, asking: Asking, writer: Writer) -> None:
        self._asking, self._writer = asking, writer
        self.errors: list[dict[str, Any]] = []

    async def go_on(self) -> None:
        """Read until cancelled. Fails at what no client should see: half an edit, or an older one than was told."""
        while True:
            told = max(self._writer.told)
            answer = await self._asking(_READ, id=self._writer.entity)
            if "errors" in answer:
                self.errors += answer["errors"]
            else:
                entity = answer["data"]["entity"]
                assert [one["value"]["content"] for one in entity["statements"]] == [entity["label"]]
                assert _number(entity["label"]) >= _number(self._writer.told[told])
            await asyncio.sleep(PAUSE)


@asynccontextmanager
async def busy(asking: Asking, count: int) -> AsyncIterator[tuple[Sequence[Writer], Sequence[Reader]]]:
    """So many writers and readers at work; at the end each writer ends the edit that it is at."""
    writers = [Writer(asking, f"writer {number}") for number in range(count)]
    for writer in writers:
        await writer.edit()
    readers = [Reader(asking, writer) for writer in writers]
    over = asyncio.Event()

    async def until_over(writer: Writer) -> None:
        while not over.is_set():
            await writer.edit()

    async with asyncio.TaskGroup() as tasks:
        reading = [tasks.create_task(reader.go_on()) for reader in readers]
        writing = [tasks.create_task(until_over(writer)) for writer in writers]
        yield writers, readers
        over.set()
        await asyncio.wait(writing)
        for task in reading:
            task.cancel()


def _content(text: str) -> dict[str, Any]:
    snak = {
        "snaktype": "value",
        "property": "P1",
        "datatype": "string",
        "datavalue": {"type": "string", "value": text},
    }
    statement = {"type": "statement", "rank": "normal", "mainsnak": snak}
    return {
        "type": "item",
        "labels": {"en": {"language": "en", "value": text}},
        "claims": {"P1": [statement]},
    }


def _number(text: str) -> int:
    return int(text.rpartition(" ")[2])
