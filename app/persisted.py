"""Documents that are known here, so that a request need only name them: trusted ones, and those that clients brought.

Trusted documents come from a file or folder when the server starts. Others are kept by the SHA-256 of their text once a
client has sent both ("automatic persisted queries", Apollo's protocol), in memory and up to so many bytes: who asks for one
that is not there sends it again. Trusted ones are found by their hash too.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode
from graphql import parse as parse_document

from app.asked import Asked
from app.memory import parts_bytes
from app.settings import Settings, WrongSetting
from graph.documents import NotExecutable, Operation, Rules, prepare
from graph.kept import Kept
from graph.plan import Plans
from graph.planned import plans_of
from storage.canonical import parse

_ID = re.compile(r"[A-Za-z0-9._~:-]{1,255}")
"""The characters are those of the appendix of "GraphQL over HTTP"."""
_OVERHEAD = 256
"""About what a kept document takes beside its text, in bytes."""


class Documents:
    """The documents of one process."""

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        *,
        only: bool = False,
        automatic_bytes: int = 0,
        rules: Rules | None = None,
        prepared_bytes: int = 0,
        plans: Plans | None = None,
    ) -> None:
        """`only` executes no other than trusted ones; 0 bytes keep nothing that clients bring, or that was prepared."""
        self.prepared, self.plans = Kept(prepared_bytes), plans
        self._trusted, self._rules = trusted or {}, rules or Rules()
        self._by_hash = {sha256(text): text for text in self._trusted.values()}
        self._only = only
        self._most = 0 if only else automatic_bytes
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def prepare(self, asked: Asked) -> Operation:
        """The operation that is meant. NotExecutable if there is none, or it may not be executed here."""
        if asked.query is None:
            return prepare(self._named(asked), asked.operation_name, self._rules, self.prepared)
        if asked.document_hash is not None and sha256(asked.query) != asked.document_hash:
            raise _refused("persisted_query_mismatch", "the hash that is sent is not that of `query`")
        if self._only and sha256(asked.query) not in self._by_hash:
            raise _refused("not_trusted", "only trusted documents are executed here, and this is none")
        operation = prepare(asked.query, asked.operation_name, self._rules, self.prepared)
        if asked.document_hash is not None:
            self._keep(asked.document_hash, asked.query)
        return operation

    def _named(self, asked: Asked) -> str:
        text = self._trusted.get(asked.document_id) if asked.document_id is not None else None
        if text is None and asked.document_hash is not None:
            text = self._by_hash.get(asked.document_hash) or self._kept.get(asked.document_hash)
        if text is None:
            # Clients know these words and codes, and send the whole text next, or never a hash again.
            if asked.document_id is None and not self._most:
                raise _refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
            raise _refused("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        if asked.document_hash is not None and asked.document_hash in self._kept:
            self._kept.move_to_end(asked.document_hash)
        return text

    def _keep(self, document_hash: str, text: str) -> None:
        """Keep a document for those who will name it, instead of those that nobody named for longest."""
        if _size(text) > self._most or document_hash in self._by_hash:
            return
        if document_hash not in self._kept:
            self._size += _size(text)
        self._kept[document_hash] = text
        self._kept.move_to_end(document_hash)
        while self._size > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._size -= _size(oldest)


def documents_of(settings: Settings, rules: Rules | None = None) -> Documents:
    """The documents of the settings. WrongSetting if the trusted ones can't be read, or one could never be executed."""
    if settings.persisted_only and not settings.persisted_operations:
        raise WrongSetting("PERSISTED_ONLY is set, but PERSISTED_OPERATIONS is not: nothing could be asked")
    trusted: dict[str, str] = {}
    for path in _files(settings.persisted_operations):
        for name, text in _read(path):
            _check(name, text)
            if trusted.setdefault(name, text) != text:
                raise WrongSetting(f"PERSISTED_OPERATIONS: {name!r} names several documents")
    return Documents(
        trusted,
        only=settings.persisted_only,
        automatic_bytes=settings.persisted_automatic_bytes,
        rules=rules,
        prepared_bytes=settings.prepared_bytes,
        plans=plans_of(settings.prepared_bytes, parts_bytes=parts_bytes(settings))
        if settings.plan and settings.prepared_bytes
        else None,
    )


def sha256(text: str) -> str:
    """The hash of a document's text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _files(setting: str) -> list[Path]:
    if not setting:
        return []
    path = Path(setting)
    return sorted([*path.glob("*.json"), *path.glob("*.graphql")]) if path.is_dir() else [path]


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Ids and texts: of `NAME.graphql` the name, else those of a JSON object, or of Apollo's manifest."""
    try:
        content = path.read_bytes()
        if path.suffix == ".graphql":
            yield path.stem, content.decode()
            return
        found = parse(content)
    except (OSError, ValueError) as error:
        raise WrongSetting(f"PERSISTED_OPERATIONS: {path}: {error}") from error
    yield from _pairs(found, path)


def _pairs(found: Any, path: Path) -> list[tuple[str, str]]:
    if isinstance(found, dict) and isinstance(found.get("operations"), list):
        listed = [one if isinstance(one, dict) else {} for one in found["operations"]]
        pairs = [(one.get("id"), one.get("body")) for one in listed]
    else:
        pairs = list(found.items()) if isinstance(found, dict) else [(None, None)]
    texts = [(name, text) for name, text in pairs if isinstance(name, str) and isinstance(text, str)]
    if len(texts) != len(pairs):
        raise WrongSetting(f"PERSISTED_OPERATIONS: {path} is not an object of ids and documents")
    return texts


def _check(name: str, text: str) -> None:
    """WrongSetting unless each operation of the document could be executed under this name."""
    prefix, _, told = name.partition(":")
    if not _ID.fullmatch(name) or (prefix == "sha256" and told != sha256(text)):
        raise WrongSetting(f"PERSISTED_OPERATIONS: {name!r} can not be the id of its document")
    try:
        nodes = parse_document(text).definitions
        names = [one.name for one in nodes if isinstance(one, OperationDefinitionNode)]
        for operation in names or [None]:
            prepare(text, operation.value if operation is not None else None)
    except NotExecutable as refused:
        raise WrongSetting(f"PERSISTED_OPERATIONS: {name!r}: {refused}") from refused
    except GraphQLError as error:
        raise WrongSetting(f"PERSISTED_OPERATIONS: {name!r}: {error.message}") from error


def _size(text: str) -> int:
    return len(text.encode()) + _OVERHEAD


def _refused(code: str, message: str) -> NotExecutable:
    return NotExecutable([GraphQLError(message, extensions={"code": code, "retryable": False})])
