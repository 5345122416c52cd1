"""The public keys that tokens are proved by: read from a file or fetched from a URL, and kept.

Knows JWKS and PEM, not tokens. The algorithms that a key may be used with follow from the key alone: a token that names
another one, such as HS256 with our public key as its secret, finds nothing to be proved by.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK, PyJWTError

log = logging.getLogger(__name__)

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

MAX_BYTES = 2**20
FETCH_SECONDS = 5.0
FRESH_SECONDS = 300.0
"""After so long fetched keys are asked for again, so that a key that was taken back does not work for ever."""
KEPT_SECONDS = 3600.0
"""So long fetched keys are used when their server does not answer."""
PAUSE_SECONDS = 10.0
"""Between two fetches: made-up key ids must not turn us against the server of the keys."""
LEAST_RSA_BITS = 2048

_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class KeysUnavailable(Exception):
    """The keys can't be had at the moment, or there are none among what was read. The text says why, on one line."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, its name if it has one, and what it may be used with."""

    name: str | None
    key: PublicKey
    algorithms: tuple[str, ...]


class Keys(Protocol):
    """Where keys come from."""

    async def find(self, name: str | None) -> Key | None:
        """The key of this name; without a name the only one. None if there is none. KeysUnavailable."""


def keys_of(place: str) -> Keys:
    """The keys at a URL, or in a file: then they are read once here, KeysUnavailable if they can't be."""
    if urlsplit(place).scheme in ("http", "https"):
        return FetchedKeys(place)
    return FileKeys(Path(place))


class FileKeys:
    """A JWKS or PEM file, read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, int, int] | None = None
        self._keys: Sequence[Key] = ()
        self._read()

    async def find(self, name: str | None) -> Key | None:
        self._read()  # of a small local file, and only if it has changed
        return _named(self._keys, name)

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                about = os.fstat(file.fileno())
                state = (about.st_mtime_ns, about.st_size, about.st_ino)
                if state == self._state:
                    return
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            # No old keys: who takes the file away means it.
            self._state = None
            raise KeysUnavailable(f"{self._path}: {error.strerror}") from error
        try:
            self._keys, self._state = read_keys(data), state
        except KeysUnavailable as error:
            self._state = None
            raise KeysUnavailable(f"{self._path}: {error}") from error


class FetchedKeys:
    """A JWKS from a URL, fetched when it is first needed, kept, and fetched again now and then."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: Sequence[Key] = ()
        self._fetched: float | None = None
        self._tried: float | None = None
        self._failure = ""
        self._alone = asyncio.Lock()

    async def find(self, name: str | None) -> Key | None:
        key = _named(self._keys, name) if self._age() < KEPT_SECONDS else None
        # One fetch at a time; those who have a key need not wait for it.
        if key is None or (self._age() >= FRESH_SECONDS and not self._alone.locked()):
            async with self._alone:
                await self._fetch()
            key = _named(self._keys, name)
            # Of a name that is not among the kept keys nobody can say whether it is made up or new.
            if self._failure and (key is None or self._age() >= KEPT_SECONDS):
                raise KeysUnavailable(self._failure)
        return key

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._clock() - self._fetched

    async def _fetch(self) -> None:
        """Fetch, unless it was tried just now. A failure leaves what was there."""
        if self._tried is not None and self._clock() - self._tried < PAUSE_SECONDS:
            return
        self._tried = self._clock()
        self._failure = f"{_shown(self._url)}: no answer yet"
        try:
            self._keys = read_keys(await _download(self._url))
            self._fetched, self._failure = self._clock(), ""
        except (KeysUnavailable, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            self._failure = f"{_shown(self._url)}: {str(error) or type(error).__name__}"
            log.warning("the keys of tokens can't be fetched: %s", self._failure)


async def _download(url: str) -> bytes:
    limits = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    # Redirects are not followed: keys lie where the settings say, not where somebody else does.
    async with (
        aiohttp.ClientSession(timeout=limits, auto_decompress=False) as session,
        session.get(url, allow_redirects=False, headers={"Accept-Encoding": "identity"}) as reply,
    ):
        if reply.status != 200:
            raise KeysUnavailable(f"the answer is {reply.status}")
        data = bytearray()
        async for chunk in reply.content.iter_chunked(2**16):
            data += chunk
            if len(data) > MAX_BYTES:
                break
        return bytes(data)


def read_keys(data: bytes) -> Sequence[Key]:
    """The usable keys of a JWKS or a PEM. KeysUnavailable if there are none."""
    if len(data) > MAX_BYTES:
        raise KeysUnavailable(f"is larger than {MAX_BYTES} bytes")
    found = _of_pem(data) if data.lstrip().startswith(b"-----BEGIN") else _of_jwks(data)
    if not found:
        raise KeysUnavailable("holds no public key that tokens can be proved by")
    return found


def _of_pem(data: bytes) -> list[Key]:
    try:
        key = _usable(None, load_pem_public_key(data), None)
    except (ValueError, UnsupportedAlgorithm):
        return []
    return [key] if key else []


def _of_jwks(data: bytes) -> list[Key]:
    try:
        listed = json.loads(data)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    found = []
    for jwk in listed if isinstance(listed, list) else ():
        # Secrets of symmetric keys are no business of ours, nor are keys to encrypt with.
        if not isinstance(jwk, dict) or jwk.get("kty") == "oct" or jwk.get("use", "sig") != "sig":
            continue
        try:
            key = PyJWK.from_dict(jwk).key
        except (PyJWTError, ValueError, TypeError, UnsupportedAlgorithm):
            continue
        name = jwk.get("kid")
        usable = _usable(name if isinstance(name, str) else None, key, jwk.get("alg"))
        if usable is not None:
            found.append(usable)
    return found


def _usable(name: str | None, key: object, only: object) -> Key | None:
    """The key with the algorithms that its type allows, and of those `only` the one that it is meant for."""
    match key:
        case RSAPublicKey() if key.key_size >= LEAST_RSA_BITS:
            algorithms = tuple(f"{kind}{bits}" for kind in ("RS", "PS") for bits in (256, 384, 512))
        case EllipticCurvePublicKey() if key.curve.name in _CURVES:
            algorithms = (_CURVES[key.curve.name],)
        case Ed25519PublicKey():
            algorithms = ("EdDSA",)
        case _:
            return None
    if only is not None:
        algorithms = tuple(algorithm for algorithm in algorithms if algorithm == only)
    return Key(name, key, algorithms) if algorithms else None


def _named(keys: Sequence[Key], name: str | None) -> Key | None:
    """By its name. A token without a name, and a key without one, will do where there is only one key."""
    for key in keys:
        if key.name is not None and key.name == name:
            return key
    if len(keys) == 1 and (name is None or keys[0].name is None):
        return keys[0]
    return None


def _shown(url: str) -> str:
    """The URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
