"""The settings of a process: read once from the environment, typed, frozen.

Each field's variable is its name in upper case; `docs/operations.md` lists them and a test compares. A secret may lie
in a file instead, which the variable of the same name with `_FILE` names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from storage.collect import LEAST_AGE
from storage.ids import EntityType, NotAnEntityId, PropertyId, entity_id, type_of


class WrongSetting(ValueError):
    """A variable's value can't be used; the text says which and why, on one line."""


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("is not a positive number")
    return number


def _notice(text: str) -> float:
    number = float(text)
    if not 0 <= number < 86400:
        raise ValueError("is not a number of seconds from 0")
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


def _seconds_if_any(text: str) -> float:
    number = float(text)
    if not 0 <= number < 86400:
        raise ValueError("is not 0 or a number of seconds")
    return number


def _property(text: str) -> PropertyId | None:
    if text == "none":
        return None
    try:
        if type_of(entity_id(text)) is EntityType.PROPERTY:
            return PropertyId(entity_id(text))
    except NotAnEntityId:
        pass
    raise ValueError("is neither a property's id nor none")


def _retention(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 180:
        raise ValueError("is not a number of days from 1 to 180")
    return number


def _retained_days(text: str) -> int:
    days = int(text)
    if days < LEAST_AGE.days:
        raise ValueError(f"is not a number of days from {LEAST_AGE.days}")
    return days


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 <= hours <= 8760:
        raise ValueError("is not a number of hours from 0 to 8760")
    return hours


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


def _exactly(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return text

    return read


def _setting(default: Any, read: Callable[[str], Any], about: str) -> Any:
    return field(default=default, metadata={"read": read, "about": about})


def _secret(about: str) -> Any:
    return field(default="", repr=False, metadata={"read": str, "about": about, "secret": True})


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
    log_format: str = _setting(
        "auto",
        _choice("auto", "text", "json"),
        "form of log lines: text, json, or auto: text on a terminal and json elsewhere",
    )
    workers: int = _setting(1, _positive, "processes of the server, on one listening socket")
    metrics: str = _setting(
        "loopback",
        _choice("loopback", "open", "off"),
        "who may see `/metrics`: loopback who asks on this machine, open everybody, off nobody",
    )
    metrics_listen: str = _setting(
        "", str, "`host:port` of an address of its own for `/metrics`, of servers and relays; empty for none"
    )
    metrics_operations: str = _setting(
        "",
        str,
        "operations with numbers of their own, with commas between; empty for the first ones of known callers",
    )
    references: str = _setting(
        "warn",
        _choice("strict", "warn", "off"),
        "references to missing entities in edits: strict refuses, warn tells",
    )
    maintained_by: PropertyId | None = _setting(
        PropertyId("P6104"),
        _property,
        "property that names the project which maintains an item; items without it are dangling; none computes nothing",
    )
    hard_delete_approval: bool = _setting(
        False, _flag, "whether a second person has to approve a hard deletion"
    )
    retention_days: int = _setting(
        180, _retention, "days, 1 to 180, for which a hard-deleted entity can be brought back"
    )
    poll_seconds: float = _setting(
        1.0, _seconds, "how often the relay looks for work that nobody woke it for"
    )
    feed_poll_seconds: float = _setting(
        0.2,
        _seconds,
        "how often changes that other processes made are looked for while somebody follows them",
    )
    feed_room: int = _setting(
        1000, _positive, "changes that may wait for a subscription before it is cut off as too slow"
    )
    keep_alive_seconds: float = _setting(
        15.0, _seconds, "how often a connection that waits for changes is asked, or told, whether it is alive"
    )
    stall_seconds: float = _setting(
        30.0, _seconds, "how long a client may take nothing of what it is sent before it is cut off"
    )
    socket_operations: int = _setting(100, _positive, "operations at once on one WebSocket")
    collect_hours: float = _setting(
        24.0, _hours, "how often retentions are ended and orphaned statements collected, in hours; 0 is never"
    )
    collect_after_days: int = _setting(
        LEAST_AGE.days, _retained_days, "how many days a statement is kept that nobody holds, 180 at least"
    )
    max_body_bytes: int = _setting(16 * 2**20, _positive, "largest request body, in bytes")
    request_seconds: float = _setting(
        30.0, _seconds, "how long a request may take to arrive: its head, and then its body"
    )
    max_query_length: int = _setting(
        100_000, _size, "characters of a GraphQL document; 0 is no limit, as below"
    )
    max_tokens: int = _setting(5_000, _size, "tokens of a document: names, signs, values")
    max_depth: int = _setting(30, _size, "how deep fields may be nested")
    max_fields: int = _setting(2_000, _size, "fields of an operation, with all fragments expanded")
    max_root_fields: int = _setting(50, _size, "fields at the root of an operation")
    max_aliases: int = _setting(100, _size, "aliases of an operation, with all fragments expanded")
    max_directives: int = _setting(100, _size, "directives of an operation, with all fragments expanded")
    max_comparisons: int = _setting(
        50_000, _size, "work to find whether fields of a document can be merged: two for each pair of fields"
    )
    max_list_length: int = _setting(500, _size, "entries of a list in an argument, such as ids")
    max_page_size: int = _setting(500, _size, "items asked for by `first`")
    max_cost: int = _setting(20_000, _size, "cost of an operation, in reads of an object")
    query_seconds: float = _setting(
        30.0, _seconds_if_any, "how long a query may take; then it is cancelled; 0 is no limit"
    )
    mutation_seconds: float = _setting(
        60.0, _seconds_if_any, "how long a mutation is waited for; commits under way go on; 0 is no limit"
    )
    client_limits: str = _setting(
        "auto",
        _choice("auto", "on", "off"),
        "whether the next five hold: auto is where there are credentials",
    )
    operations_at_once: int = _setting(
        20, _size, "queries and mutations of one client at the same time; 0 is no limit, as below"
    )
    subscriptions_at_once: int = _setting(20, _size, "subscriptions of one client at the same time")
    connections_at_once: int = _setting(20, _size, "WebSockets of one client at the same time")
    requests_per_minute: int = _setting(1_200, _size, "requests of one client in a minute")
    cost_per_minute: int = _setting(200_000, _size, "cost of all operations of one client in a minute")
    limits_store: str = _secret(
        "URL of a Redis or Valkey server where processes count the last two together (`redis://`, `rediss://`,"
        " `redis+unix://`); empty: each for itself"
    )
    introspection: str = _setting(
        "auto",
        _choice("auto", "on", "off"),
        "whether the schema can be asked for: auto is where who has no token may read",
    )
    explorer: str = _setting(
        "auto", _choice("auto", "on", "off"), "whether GraphiQL is served: auto is as for `INTROSPECTION`"
    )
    suggestions: str = _setting(
        "auto",
        _choice("auto", "on", "off"),
        "whether errors say what may have been meant: auto is where there are no credentials",
    )
    cache_bytes: int = _setting(
        256 * 2**20,
        _size,
        "memory for what was read of immutable objects, and for parts of answers made of them, in bytes; 0 keeps nothing",
    )
    prepared_bytes: int = _setting(
        32 * 2**20,
        _size,
        "memory for operations that were parsed and validated, and as much for what is compiled of them, in bytes; 0 keeps none",
    )
    plan: bool = _setting(
        True,
        _flag,
        "whether what is selected of plain data runs as compiled functions; false: by the executor alone",
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
    s3_access_key: str = _secret(
        "who asks the S3 server; empty to look where AWS's own tools look for both keys"
    )
    s3_secret_key: str = _secret("the secret key that goes with it")
    s3_concurrency: int = _setting(64, _positive, "requests to the S3 server at once")
    mysql_host: str = _setting(
        "", str, "host of the MySQL server that keeps the metadata; empty for the data folder"
    )
    mysql_port: int = _setting(3306, _port, "port of the MySQL server")
    mysql_user: str = _setting("wikibase", str, "who logs in to the MySQL server")
    mysql_password: str = _secret("the password of that user")
    mysql_database: str = _setting("wikibase", str, "database of the MySQL server")
    mysql_connections: int = _setting(
        16,
        _positive,
        "connections to the MySQL server at most, for asking, for reading at one moment and for writing each",
    )
    mysql_tls: str = _setting(
        "off",
        _choice("off", "required"),
        "TLS to the MySQL server: required refuses a server without it, or of another name than `MYSQL_HOST`",
    )
    mysql_tls_ca: str = _setting(
        "", str, "file with the certificates that the MySQL server's is signed by; empty for the system's"
    )
    vitess_shards: int = _setting(
        0, _size, "shards of Vitess behind `MYSQL_HOST`; 0 where it is MySQL or MariaDB"
    )
    migrate: str = _setting(
        "auto",
        _choice("auto", "never"),
        "tables of an older version: auto migrates them at start, never refuses to start",
    )
    kafka_brokers: str = _setting(
        "", str, "addresses of Kafka's brokers, with commas between them; empty for the data folder"
    )
    kafka_topic: str = _setting("wikibase.entity_change", str, "topic that revisions are told on")
    kafka_security: str = _setting(
        "PLAINTEXT",
        _exactly("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        "how Kafka is spoken to, by Kafka's own words: PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
    )
    kafka_mechanism: str = _setting(
        "SCRAM-SHA-256",
        _exactly("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"),
        "how SASL proves the password: SCRAM-SHA-256, SCRAM-SHA-512, PLAIN",
    )
    kafka_user: str = _setting("", str, "who logs in to Kafka, with SASL")
    kafka_password: str = _secret("the password of that user")
    kafka_tls_ca: str = _setting(
        "", str, "file with the certificates that the brokers' are signed by; empty for the system's"
    )
    auth_keys: str = _setting(
        "",
        str,
        "public keys that tokens are proved by: a file with a JWKS or PEM, or the URL of a JWKS; empty for no credentials",
    )
    auth_issuer: str = _setting("", str, "who must have issued a token (`iss`)")
    auth_audience: str = _setting("", str, "whom a token must be for (`aud`)")
    auth_leeway_seconds: int = _setting(
        30, _size, "by how much clocks may differ when the times of a token are checked"
    )
    auth_editor_claim: str = _setting("sub", str, "claim of a token that names the editor")
    auth_roles_claim: str = _setting(
        "roles", str, "claim that names the roles, or a path with dots to it: a list, or words"
    )
    auth_roles: str = _setting(
        "",
        str,
        "`value=role,...`: what each value of that claim gives; empty where the values are names of roles",
    )
    auth_anonymous: str = _setting(
        "reader",
        _choice("reader", "none"),
        "what may be done without a token, where there are credentials: reader, none",
    )
    forwarded_allow_ips: str = _setting(
        "",
        str,
        "addresses of proxies whose X-Forwarded headers are believed, with commas between them; empty for none",
    )
    keep_revisions_seconds: int = _setting(
        60,
        _size,
        "how long caches may keep answers to GET that are bound to revisions, without asking, in seconds; 0: they ask"
        " each time",
    )
    compress_bytes: int = _setting(
        1024, _size, "answers of so many bytes are compressed for who takes them so; 0 for none"
    )
    persisted_operations: str = _setting(
        "",
        str,
        "trusted documents: a JSON file of ids and documents, or a folder of such files and of NAME.graphql; empty for none",
    )
    persisted_only: bool = _setting(False, _flag, "whether nothing but trusted documents is executed")
    persisted_automatic_bytes: int = _setting(
        8 * 2**20,
        _size,
        "memory for documents that clients bring, to be named by their hash from then on, in bytes; 0 keeps none",
    )
    allowed_hosts: str = _setting(
        "",
        str,
        "names under which the server is asked, beside those of loopback, with commas between them; empty: without"
        " credentials none else, with credentials any",
    )
    cors_origins: str = _setting(
        "",
        str,
        "origins whose pages may ask, such as https://wiki.example, with commas between them, or *; empty for the"
        " server's own alone",
    )
    erasure_key: str = _secret(
        "secret by which erased content is known again; empty for one of the data folder's own, where the metadata"
        " are there",
    )
    drain_seconds: float = _setting(30.0, _seconds, "how long a shutdown waits for edits under way")
    drain_notice_seconds: float = _setting(
        0.0, _notice, "how long a server that is to end goes on while `/ready` says no, so that it is noticed"
    )


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of an environment. WrongSetting for the first value that can't be read."""
    values = {}
    for setting in fields(Settings):
        text = environment.get(setting.name.upper())
        if "secret" in setting.metadata:
            text = _unveiled(setting.name.upper(), text, environment)
        if text is None or text == "":
            continue
        try:
            values[setting.name] = setting.metadata["read"](text)
        except ValueError as error:
            why = str(error) if str(error).startswith("is ") else "is not a number"
            raise WrongSetting(f"{setting.name.upper()}={text!r} {why}") from error
    return Settings(**values)


def _unveiled(name: str, text: str | None, environment: Mapping[str, str]) -> str | None:
    """A secret: as it is, or out of its file, without the end of its line. Never part of an error."""
    path = environment.get(f"{name}_FILE")
    if not path:
        return text
    if text:
        raise WrongSetting(f"{name} and {name}_FILE are both set: which of them counts?")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not text"
        raise WrongSetting(f"{name}_FILE={path!r}: {why}") from error
