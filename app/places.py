"""What the settings say of the engines outside, put as each adapter wants to be told.

Refuses settings that contradict each other, by their names. Opens nothing.
"""

from __future__ import annotations

from app.settings import Settings, WrongSetting
from storage.kafka import Kafka
from storage.s3_client import Folder, S3Place
from storage.sql.mysql import MysqlPlace
from storage.tls import trusting


def s3_place(settings: Settings) -> S3Place:
    """Where the objects are. WrongSetting if one of two keys is missing."""
    if bool(settings.s3_access_key) != bool(settings.s3_secret_key):
        raise WrongSetting("S3_ACCESS_KEY and S3_SECRET_KEY go together: only one of them is set")
    return S3Place(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region or None,
        revisions=Folder(settings.s3_bucket_revisions, settings.s3_prefix_revisions),
        statements=Folder(settings.s3_bucket_statements, settings.s3_prefix_statements),
        path_style=settings.s3_path_style,
        concurrency=settings.s3_concurrency,
        access_key=settings.s3_access_key or None,
        secret_key=settings.s3_secret_key or None,
    )


def mysql_place(settings: Settings) -> MysqlPlace:
    """Where the metadata are. WrongSetting if certificates are named for TLS that is off."""
    if settings.mysql_tls_ca and settings.mysql_tls == "off":
        raise WrongSetting("MYSQL_TLS_CA is set, but MYSQL_TLS is off: nobody would look at it")
    return MysqlPlace(
        user=settings.mysql_user,
        password=settings.mysql_password,
        database=settings.mysql_database,
        host=settings.mysql_host,
        port=settings.mysql_port,
        connections=settings.mysql_connections,
        vitess_shards=settings.vitess_shards or None,
        tls=settings.mysql_tls == "required",
        tls_ca=settings.mysql_tls_ca,
    )


def kafka_place(settings: Settings) -> Kafka:
    """Where the stream is. WrongSetting if a password is missing, or would not be asked for; Unavailable as `trusting`."""
    has_tls, has_sasl = settings.kafka_security.endswith("SSL"), settings.kafka_security.startswith("SASL")
    has_user = bool(settings.kafka_user and settings.kafka_password)
    if has_sasl and not has_user:
        raise WrongSetting(f"KAFKA_SECURITY={settings.kafka_security} needs KAFKA_USER and KAFKA_PASSWORD")
    if not has_sasl and (settings.kafka_user or settings.kafka_password):
        raise WrongSetting(f"KAFKA_SECURITY={settings.kafka_security} asks for no user, but one is set")
    if not has_tls and settings.kafka_tls_ca:
        raise WrongSetting(f"KAFKA_TLS_CA is set, but KAFKA_SECURITY={settings.kafka_security} has no TLS")
    return Kafka(
        settings.kafka_brokers,
        settings.kafka_topic,
        security_protocol=settings.kafka_security,
        ssl_context=trusting(settings.kafka_tls_ca) if has_tls else None,
        sasl_mechanism=settings.kafka_mechanism,
        sasl_plain_username=settings.kafka_user or None,
        sasl_plain_password=settings.kafka_password or None,
    )
