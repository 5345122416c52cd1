"""Settings: secrets out of files, and what contradicts itself (O1)."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.places import kafka_place, mysql_place, s3_place
from app.settings import Settings, WrongSetting, read_settings

SECRETS = [setting.name.upper() for setting in fields(Settings) if "secret" in setting.metadata]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_lie_in_a_file(tmp_path: Path, name: str) -> None:
    """Without the end of the line that editors leave."""
    (tmp_path / "secret").write_text("of the house\n")

    read = read_settings({f"{name}_FILE": str(tmp_path / "secret")})

    assert getattr(read, name.lower()) == "of the house"
    assert read == read_settings({name: "of the house"})


def test_what_is_no_secret_is_not_looked_for_in_files() -> None:
    assert read_settings({"MYSQL_HOST_FILE": "/nowhere"}) == Settings()


def test_a_secret_that_is_told_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("one")

    with pytest.raises(WrongSetting, match="MYSQL_PASSWORD and MYSQL_PASSWORD_FILE are both set"):
        read_settings({"MYSQL_PASSWORD": "other", "MYSQL_PASSWORD_FILE": str(tmp_path / "secret")})


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_can_not_be_read_is_named_in_a_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(WrongSetting, match=f"^KAFKA_PASSWORD_FILE='{path}': .+$"):
        read_settings({"KAFKA_PASSWORD_FILE": str(path)})


def test_secrets_are_not_shown() -> None:
    assert "of the house" not in repr(read_settings(dict.fromkeys(SECRETS, "of the house")))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"S3_ACCESS_KEY": "x"}, "S3_ACCESS_KEY and S3_SECRET_KEY go together"),
        ({"S3_SECRET_KEY": "x"}, "S3_ACCESS_KEY and S3_SECRET_KEY go together"),
        ({"MYSQL_TLS_CA": "ca.pem"}, "MYSQL_TLS is off"),
        ({"KAFKA_SECURITY": "SASL_SSL", "KAFKA_USER": "x"}, "needs KAFKA_USER and KAFKA_PASSWORD"),
        ({"KAFKA_SECURITY": "SSL", "KAFKA_USER": "x"}, "asks for no user"),
        ({"KAFKA_PASSWORD": "x"}, "asks for no user"),
        ({"KAFKA_TLS_CA": "ca.pem"}, "KAFKA_SECURITY=PLAINTEXT has no TLS"),
    ],
)
def test_settings_that_would_protect_nothing_are_refused(environment: dict[str, str], words: str) -> None:
    """Whoever sets them believes to be protected by them."""
    settings = read_settings(environment)
    place = {"S3": s3_place, "MYSQL": mysql_place, "KAFKA": kafka_place}[
        next(iter(environment)).split("_")[0]
    ]

    with pytest.raises(WrongSetting, match=words):
        place(settings)


def test_places_are_told_what_is_set() -> None:
    settings = read_settings(
        {
            "S3_ACCESS_KEY": "who",
            "S3_SECRET_KEY": "secret",
            "MYSQL_HOST": "db",
            "MYSQL_TLS": "required",
            "MYSQL_TLS_CA": "ca.pem",
            "VITESS_SHARDS": "2",
            "KAFKA_SECURITY": "SASL_PLAINTEXT",
            "KAFKA_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_USER": "who",
            "KAFKA_PASSWORD": "secret",
        }
    )

    s3, mysql, kafka = s3_place(settings), mysql_place(settings), kafka_place(settings)

    assert (s3.access_key, s3.secret_key) == ("who", "secret")
    assert (mysql.tls, mysql.tls_ca, mysql.vitess_shards) == (True, "ca.pem", 2)
    assert (kafka.security_protocol, kafka.sasl_mechanism) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    assert (kafka.sasl_plain_username, kafka.sasl_plain_password) == ("who", "secret")
    for place in (s3, mysql, kafka):
        assert "secret'" not in repr(place).replace("secret_key", "")


def test_without_settings_nothing_is_demanded() -> None:
    """Keys are looked for where AWS's own tools look, and there is one place for all rows."""
    s3, mysql, kafka = s3_place(Settings()), mysql_place(Settings()), kafka_place(Settings())

    assert (s3.access_key, s3.secret_key) == (None, None)
    assert (mysql.tls, mysql.vitess_shards) == (False, None)
    assert (kafka.security_protocol, kafka.ssl_context) == ("PLAINTEXT", None)
