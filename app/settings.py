"""The settings of a process: read once from the environment, typed, frozen.

Each field's variable is its name in upper case; `docs/operations.md` lists them and a test compares.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


class WrongSetting(ValueError):
    """A variable's value can't be used; the text says which and why, on one line."""


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("is not a positive number")
    return number


def _size(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("is not 0 or a positive number")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError("is not a port from 0 to 65535")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 86400:
        raise ValueError("is not a number of seconds above 0")
    return number


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text.lower() == "true"


def _choice(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return text.lower()

    return read


def _setting(default: Any, read: Callable[[str], Any], about: str) -> Any:
    return field(default=default, metadata={"read": read, "about": about})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with their defaults."""

    data: Path = _setting(Path("data"), Path, "folder of the embedded stores")
    host: str = _setting("127.0.0.1", str, "address to listen on")
    port: int = _setting(8000, _port, "port to listen on; 0 takes a free one")
    log_level: str = _setting(
        "info",
        _choice("debug", "info", "warning", "error"),
        "least level of log lines: debug, info, warning, error",
    )
    references: str = _setting(
        "warn",
        _choice("strict", "warn", "off"),
        "references to missing entities in edits: strict refuses, warn tells",
    )
    poll_seconds: float = _setting(
        1.0, _seconds, "how often the relay looks for work that nobody woke it for"
    )
    max_body_bytes: int = _setting(16 * 2**20, _positive, "largest request body, in bytes")
    cache_bytes: int = _setting(
        256 * 2**20, _size, "memory for what was read of immutable objects, in bytes; 0 keeps nothing"
    )
    s3_endpoint: str = _setting(
        "", str, "address of the S3 server that keeps the objects; empty for the data folder"
    )
    s3_region: str = _setting("", str, "region of the S3 server, where it has any")
    s3_path_style: bool = _setting(
        True,
        _flag,
        "whether buckets stand in the path of an address, as own servers need, or in the host name",
    )
    s3_bucket_revisions: str = _setting("wikibase-revisions", str, "bucket of the snapshots")
    s3_bucket_statements: str = _setting("wikibase-statements", str, "bucket of the statements")
    s3_prefix_revisions: str = _setting("", str, "what names of snapshots begin with in their bucket")
    s3_prefix_statements: str = _setting("", str, "what names of statements begin with in their bucket")
    s3_concurrency: int = _setting(64, _positive, "requests to the S3 server at once")
    mysql_host: str = _setting(
        "", str, "host of the MySQL server that keeps the metadata; empty for the data folder"
    )
    mysql_port: int = _setting(3306, _port, "port of the MySQL server")
    mysql_user: str = _setting("wikibase", str, "who logs in to the MySQL server")
    mysql_password: str = _setting("", str, "the password of that user")
    mysql_database: str = _setting("wikibase", str, "database of the MySQL server")
    mysql_connections: int = _setting(
        16, _positive, "connections to the MySQL server at most, for reading and for writing each"
    )
    kafka_brokers: str = _setting(
        "", str, "addresses of Kafka's brokers, with commas between them; empty for the data folder"
    )
    kafka_topic: str = _setting("wikibase.entity_change", str, "topic that revisions are told on")
    drain_seconds: float = _setting(30.0, _seconds, "how long a shutdown waits for edits under way")


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment. WrongSetting for the first value that can't be read."""
    values = {}
    for setting in fields(Settings):
        text = environment.get(setting.name.upper())
        if text is None or text == "":
            continue
        try:
            values[setting.name] = setting.metadata["read"](text)
        except ValueError as error:
            why = str(error) if str(error).startswith("is ") else "is not a number"
            raise WrongSetting(f"{setting.name.upper()}={text!r} {why}") from error
    return Settings(**values)
