"""A bearer token to an actor: proved by a key, in time, from our issuer, for us (O3, W9).

Knows JWT and claims, and nothing of HTTP. What is told of a token that is refused is which rule it breaks: never the
token, nor anything out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from app.access import NOBODY, Actor, Role, implied
from app.keys import Keys, KeysUnavailable, keys_of
from app.settings import Settings, WrongSetting

MAX_TOKEN = 16_384
MAX_NAME = 255


class TokenRefused(Exception):
    """The token proves nothing; the text says which rule it breaks."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token has to say, and how it says who somebody is."""

    issuer: str
    audience: str
    leeway: int
    editor_claim: str
    roles_claim: str
    roles: Mapping[str, frozenset[Role]]
    """Values of the claim, and the roles that each gives."""
    anonymous: frozenset[Role]
    """What everybody may do, with or without a token."""


def rules_of(settings: Settings) -> Rules | None:
    """The rules of the settings; None where no credentials are configured. WrongSetting if they are not whole."""
    if not settings.auth_keys:
        for name in ("issuer", "audience", "roles"):
            if getattr(settings, f"auth_{name}"):
                raise WrongSetting(
                    f"AUTH_{name.upper()} is set, but AUTH_KEYS is not: nothing would be checked"
                )
        return None
    for name in ("issuer", "audience"):
        if not getattr(settings, f"auth_{name}"):
            raise WrongSetting(
                f"AUTH_KEYS is set, but AUTH_{name.upper()} is not: tokens for others would do"
            )
    return Rules(
        issuer=settings.auth_issuer,
        audience=settings.auth_audience,
        leeway=settings.auth_leeway_seconds,
        editor_claim=settings.auth_editor_claim,
        roles_claim=settings.auth_roles_claim,
        roles=_mapping(settings.auth_roles),
        anonymous=implied([Role.READER]) if settings.auth_anonymous == "reader" else frozenset(),
    )


class Tokens:
    """Tokens under these rules, proved by these keys."""

    def __init__(self, rules: Rules, keys: Keys) -> None:
        self.rules = rules
        self._keys = keys

    async def actor(self, token: str) -> Actor:
        """Who bears the token. TokenRefused; KeysUnavailable if nobody can say at the moment."""
        if len(token) > MAX_TOKEN:
            raise TokenRefused(f"the token has more than {MAX_TOKEN} characters")
        key = await self._keys.find(_key_name(token))
        if key is None:
            raise TokenRefused("the token is signed by a key that is not known here")
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=list(key.algorithms),
                audience=self.rules.audience,
                issuer=self.rules.issuer,
                leeway=self.rules.leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
            expires = float(int(claims["exp"])) + self.rules.leeway
        except _FAILURES as error:
            raise TokenRefused(_reason(error)) from error
        name = _claim(claims, self.rules.editor_claim)
        if not _is_name(name):
            raise TokenRefused(f"the claim `{self.rules.editor_claim}` is no name to edit under")
        given = {role for value in self._values(claims) for role in self.rules.roles.get(value, ())}
        return Actor(name, implied(given) | self.rules.anonymous, expires)

    def _values(self, claims: Mapping[str, Any]) -> list[str]:
        found = _claim(claims, self.rules.roles_claim)
        if isinstance(found, str):
            return found.split()
        return [value for value in found if isinstance(value, str)] if isinstance(found, list) else []


def tokens_of(settings: Settings) -> Tokens | None:
    """The tokens of the settings; None where no credentials are configured. WrongSetting."""
    rules = rules_of(settings)
    try:
        return Tokens(rules, keys_of(settings.auth_keys)) if rules else None
    except KeysUnavailable as error:
        raise WrongSetting(f"AUTH_KEYS: {error}") from error


# Some claims of odd types get past the library as errors of Python's own.
_FAILURES = (jwt.PyJWTError, ValueError, TypeError, OverflowError)

_REASONS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "the token has expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is from another issuer",
    jwt.InvalidAlgorithmError: "the token is signed by an algorithm that its key is not for",
    jwt.InvalidSignatureError: "the signature of the token is wrong",
    jwt.MissingRequiredClaimError: "the token lacks a claim: exp, iss and aud must be there",
}


def _reason(error: Exception) -> str:
    return _REASONS.get(type(error), "the token is malformed")


def _key_name(token: str) -> str | None:
    try:
        name = jwt.get_unverified_header(token).get("kid")
    except _FAILURES as error:
        raise TokenRefused(_reason(error)) from error
    return name if isinstance(name, str) else None


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, or by a path with dots into nested ones. None if there is none."""
    if name in claims:  # some issuers' names are URLs, with dots of their own
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _is_name(name: Any) -> bool:
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        return False
    # Printable has no lone surrogates either. The name of those without credentials would be nobody's word.
    return name.isprintable() and name == name.strip() and name != NOBODY


def _mapping(text: str) -> Mapping[str, frozenset[Role]]:
    """`staff=editor,staff=protector`: what each value gives. Empty: the roles by their own names."""
    if not text:
        return {role.value: frozenset({role}) for role in Role}
    found: dict[str, frozenset[Role]] = {}
    for pair in text.split(","):
        value, equals, role = pair.rpartition("=")
        if not equals or not value.strip() or role.strip() not in set(Role):
            raise WrongSetting(
                f"AUTH_ROLES: {pair.strip()!r} is not `value=role`, with one of {', '.join(Role)}"
            )
        found[value.strip()] = found.get(value.strip(), frozenset()) | {Role(role.strip())}
    return found
