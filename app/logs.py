"""Log lines: text for a terminal, JSON lines for whatever collects them. All loggers of the process go the same way.

A line has the trace id and the operation's name where it belongs to a request. It has no editor: who edited what is in
the revisions, whose readers are known, while logs go where nobody knows who reads them. Nor has it secrets: those of the
settings and what looks like a token are struck out of every line, whoever wrote it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from app.requests import request_here
from app.settings import Settings
from app.tracing import current_trace

STRUCK = "[secret]"
_TOKEN = re.compile(
    r"(?i:(bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}"  # a header of RFC 6750 or 7617
    r"|\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"  # a JWT, wherever it stands
)
_SHORTEST = 4
"""Shorter secrets are not struck out: they would be found in words."""

_CHATTY = ("alembic", "aiobotocore", "botocore.credentials", "aiokafka")
"""They tell of each version, and each look for credentials."""
_QUOTING = ("uvicorn", "websockets", "botocore", "aiobotocore", "aiokafka", "aiomysql", "asyncio", "urllib3")
"""At their lowest level they quote what goes over the wire: headers, frames, signatures. Nobody is to read these."""


class Text(logging.Formatter):
    """A line for people."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        return without_secrets(super().format(record), self._secrets)


class Json(logging.Formatter):
    """A line for programs: one JSON object."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The line. What is not known is left out."""
        when = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage(), self._secrets),
        }
        if (trace := current_trace()) is not None:
            told["trace_id"] = trace
        if (request := request_here()) is not None and request.type:
            told["operation"] = {"type": request.type, "name": request.name or None}
        if record.exc_info:
            told["exception"] = without_secrets(self.formatException(record.exc_info), self._secrets)
        return json.dumps(told, ensure_ascii=False, default=str)


def without_secrets(text: str, secrets: Collection[str]) -> str:
    """The text, with these and what looks like a token struck out."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, STRUCK)
    return _TOKEN.sub(STRUCK, text)


def no_connections(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's is to be kept: not that a WebSocket was opened or closed, which is what they do."""
    return record.levelno > logging.INFO or not (
        '"WebSocket %s"' in str(record.msg) or str(record.msg).startswith("connection ")
    )


def set_up(settings: Settings) -> None:
    """From here on this process logs as the settings say, to standard error."""
    secrets = _secrets_of(settings)
    is_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    told = logging.StreamHandler()
    told.setFormatter(Text(secrets) if is_text else Json(secrets))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[told])
    logging.getLogger("uvicorn.error").addFilter(no_connections)
    for quoting in _QUOTING:
        logging.getLogger(quoting).setLevel(max(logging.INFO, logging.getLogger().level))
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _secrets_of(settings: Settings) -> list[str]:
    kept = (
        settings.s3_access_key,
        settings.s3_secret_key,
        settings.mysql_password,
        settings.kafka_password,
        settings.erasure_key,
    )
    return sorted({one for one in kept if len(one) >= _SHORTEST}, key=len, reverse=True)
