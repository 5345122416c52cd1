"""`wikibase-graph token`: a token of one's own, for development and for machines without an identity provider."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import click
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from app.access import Role
from app.settings import read_settings
from storage.canonical import digest

OURS = "wikibase-graph"
SECONDS_A_DAY = 86_400


@click.command()
@click.option(
    "--key",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File of the private key; made where there is none, with the public one beside it in FILE.jwks.",
)
@click.option("--name", required=True, help="Who bears the token: the editor in revisions.")
@click.option(
    "--role",
    "roles",
    type=click.Choice([role.value for role in Role]),
    multiple=True,
    required=True,
    help="May be repeated.",
)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=1.0, help="How long it lasts.")
@click.option("--issuer", help=f"Default: the setting AUTH_ISSUER, else {OURS}.")
@click.option("--audience", help=f"Default: the setting AUTH_AUDIENCE, else {OURS}.")
def token(
    path: Path, name: str, roles: tuple[str, ...], days: float, issuer: str | None, audience: str | None
) -> None:
    """Print a bearer token. A server takes it whose AUTH_KEYS is FILE.jwks, of this issuer and audience."""
    settings = read_settings()
    key = _key_at(path)
    jwk = _public(key)
    public = path.with_name(f"{path.name}.jwks")
    if not public.exists():
        public.write_text(json.dumps({"keys": [jwk]}, indent=2) + "\n")
    now = int(time.time())
    claims = {
        "iss": issuer or settings.auth_issuer or OURS,
        "aud": audience or settings.auth_audience or OURS,
        "sub": name,
        "roles": list(roles),
        "iat": now,
        "exp": now + int(days * SECONDS_A_DAY),
    }
    click.echo(jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": jwk["kid"]}))


def _key_at(path: Path) -> Ed25519PrivateKey:
    """The private key in the file, which only its owner may read; made if there is none."""
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(text)
        except OSError as error:
            raise click.ClickException(f"{path}: {error.strerror}") from error
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise click.ClickException(f"{path} holds no Ed25519 private key in PEM without a password")
    return key


def _public(key: Ed25519PrivateKey) -> dict[str, Any]:
    """The public key as a JWK. Its name is drawn from itself, so that a new key has a new name."""
    jwk: dict[str, Any] = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**jwk, "kid": digest(jwk["x"].encode()).hex()[:16], "alg": "EdDSA", "use": "sig"}
