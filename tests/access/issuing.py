"""An issuer of tokens with keys of its own, as an identity provider would be. Knows nothing of the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app.settings import Settings

ISSUER = "https://id.example"
AUDIENCE = "the-wikibase"
LEEWAY = 60


class Pair:
    """A private key with its public JWK."""

    def __init__(self, private: Any, jwk: dict[str, Any], name: str | None) -> None:
        self.private = private
        self.name = name
        self.jwk = jwk if name is None else {**jwk, "kid": name}

    @property
    def pem(self) -> bytes:
        """The public key in PEM."""
        pem: bytes = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem


def edwards(name: str | None = "one") -> Pair:
    """An Ed25519 pair."""
    private = Ed25519PrivateKey.generate()
    return Pair(private, OKPAlgorithm.to_jwk(private.public_key(), as_dict=True), name)


def elliptic(curve: EllipticCurve, name: str | None = "one") -> Pair:
    """A pair on one of NIST's curves, or another."""
    private = generate_private_key(curve)
    return Pair(private, ECAlgorithm.to_jwk(private.public_key(), as_dict=True), name)


def rsa(name: str | None = "one", bits: int = 2048) -> Pair:
    """An RSA pair."""
    private = generate_rsa(65537, bits)
    return Pair(private, RSAAlgorithm.to_jwk(private.public_key(), as_dict=True), name)


def jwks(*pairs: Pair) -> bytes:
    """The set of their public keys."""
    return json.dumps({"keys": [pair.jwk for pair in pairs]}).encode()


def claims_of(**changes: Any) -> dict[str, Any]:
    """The claims of a good token of Alice, an editor, for an hour; those that are changed to None are left out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "Alice",
        "roles": ["editor"],
        "exp": now + 3600,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def token(pair: Pair, algorithm: str = "EdDSA", **changes: Any) -> str:
    """A token signed by this pair."""
    headers = None if pair.name is None else {"kid": pair.name}
    return jwt.encode(claims_of(**changes), pair.private, algorithm=algorithm, headers=headers)


def by_hand(header: dict[str, Any], claims: Any, secret: bytes = b"") -> str:
    """A token as no library would make it: signed by HMAC with any secret, whatever the header says."""
    signed = b".".join(_part(json.dumps(part).encode()) for part in (header, claims))
    return b".".join([signed, _part(hmac.new(secret, signed, hashlib.sha256).digest())]).decode()


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def settings_for(folder: Path, pair: Pair, **more: Any) -> Settings:
    """Settings with credentials: the pair's public key lies in the folder, beside the data."""
    path = folder / "keys.jwks"
    path.write_bytes(jwks(pair))
    given: dict[str, Any] = {
        "data": folder / "data",
        "auth_keys": str(path),
        "auth_issuer": ISSUER,
        "auth_audience": AUDIENCE,
        "auth_leeway_seconds": LEEWAY,
        **more,
    }
    return Settings(**given)


def bearing(token: str) -> dict[str, str]:
    """The header of a request."""
    return {"authorization": f"Bearer {token}"}
