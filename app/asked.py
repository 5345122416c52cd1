"""What is asked, as it comes over HTTP or WebSocket: the parameters of a GraphQL request, their types checked.

By "GraphQL over HTTP" and its appendix on persisted documents. Parameters with other names are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from storage.canonical import parse

_SHA256 = re.compile("[0-9a-f]{64}")


class BadRequest(Exception):
    """The request is not one that can be executed; `status` and `headers` say how over HTTP."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Asked:
    """One GraphQL request: the text of a document, or what names one that is known here (see `app.persisted`)."""

    query: str | None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] = field(default_factory=dict)
    document_id: str | None = None
    document_hash: str | None = None
    """The SHA-256 of the document's text, in hexadecimal digits, where the request names it by that."""


def checked(asked: Any) -> Asked:
    """The parameters of a request that came as JSON. BadRequest for anything else."""
    if isinstance(asked, list):
        raise BadRequest(400, "batching_not_supported", "requests are taken one by one, not in a list")
    if not isinstance(asked, dict):
        raise BadRequest(400, "not_an_object", "a request is a JSON object")
    for name, kind, words in (
        ("query", str, "a string"),
        ("documentId", str, "a string"),
        ("operationName", str, "a string or null"),
        ("variables", dict, "an object or null"),
        ("extensions", dict, "an object or null"),
    ):
        if asked.get(name) is not None and not isinstance(asked[name], kind):
            raise BadRequest(400, "bad_parameter", f"`{name}` is not {words}")
    query, document_id = asked.get("query"), asked.get("documentId")
    extensions = asked.get("extensions") or {}
    document_hash = _hash(query, document_id, extensions.get("persistedQuery"))
    if query is None and document_id is None and document_hash is None:
        raise BadRequest(400, "bad_parameter", "`query` is missing: the text of what is asked")
    operation_name = asked.get("operationName") or None
    return Asked(query, asked.get("variables"), operation_name, extensions, document_id, document_hash)


def _hash(query: str | None, document_id: str | None, persisted: Any) -> str | None:
    """The hash that names the document: in its id, or as automatic persisted queries have it. BadRequest if it is none."""
    if document_id is not None:
        if persisted is not None:
            raise BadRequest(400, "bad_parameter", "`documentId` and `persistedQuery` both name a document")
        prefix, _, payload = document_id.partition(":")
        if prefix == "sha256" and _SHA256.fullmatch(payload):
            return payload
        if query is not None:
            raise BadRequest(400, "bad_parameter", "`query` and `documentId` both say what is asked")
        return None
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise BadRequest(400, "bad_parameter", "Unsupported persisted query version: 1 is known")
    told = persisted.get("sha256Hash")
    if not isinstance(told, str) or not _SHA256.fullmatch(told):
        raise BadRequest(400, "bad_parameter", "`sha256Hash` is not 64 hexadecimal digits in lower case")
    return told


def asked_by_url(query_string: bytes) -> Asked:
    """The parameters of a request in a URL. BadRequest for anything else. An empty one is none."""
    found: dict[str, Any] = {}
    for name, value in _pairs(query_string):
        if name in found:
            raise BadRequest(400, "bad_parameter", f"`{name}` is there twice")
        if value and name in ("query", "documentId", "operationName", "variables", "extensions"):
            found[name] = value
    for name in ("variables", "extensions"):
        if name in found:
            try:
                found[name] = parse(found[name].encode())
            except ValueError as error:
                raise BadRequest(400, "not_json", f"`{name}` is not JSON: {error}") from error
    return checked(found)


def asks_something(query_string: bytes) -> bool:
    """Whether a URL has a parameter that only a request to be executed has."""
    # By a coding in which all bytes are something: what is wrong with them is told when they are asked for.
    pairs = parse_qsl(query_string.decode("latin-1"), encoding="latin-1")
    return any(name in ("query", "documentId", "extensions") for name, _ in pairs)


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict"
        )
    except UnicodeError as error:
        raise BadRequest(400, "not_utf8", "the URL's parameters are not in UTF-8") from error
