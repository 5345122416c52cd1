"""What a token has to be, and who its bearer is then (O3, W9)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, SECP256R1, SECP384R1, SECP521R1

from app.access import Role, implied
from app.keys import KeysUnavailable
from app.settings import WrongSetting
from app.tokens import TokenRefused, Tokens, tokens_of
from tests.access.issuing import (
    AUDIENCE,
    ISSUER,
    LEEWAY,
    Pair,
    by_hand,
    claims_of,
    edwards,
    elliptic,
    jwks,
    rsa,
    settings_for,
    token,
)

ONE = edwards()
RSA = rsa()


def tokens(folder: Path, pair: Pair = ONE, **more: Any) -> Tokens:
    made = tokens_of(settings_for(folder, pair, **more))
    assert made is not None
    return made


async def refusal(taking: Tokens, said: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        await taking.actor(said)
    return str(refused.value)


async def test_a_good_token_says_who_its_bearer_is(tmp_path: Path) -> None:
    """W9"""
    exp = int(time.time()) + 100
    actor = await tokens(tmp_path).actor(token(ONE, sub="Zoë", roles=["bot"], exp=exp))
    assert (actor.name, actor.expires, actor.autoconfirmed) == ("Zoë", exp + LEEWAY, True)
    assert actor.roles == {Role.BOT, Role.AUTOCONFIRMED, Role.EDITOR, Role.READER}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"exp": int(time.time()) - LEEWAY - 1}, "has expired"),
        ({"exp": None}, "lacks a claim"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": float("nan")}, "malformed"),
        ({"exp": 10**400}, "malformed"),
        ({"nbf": int(time.time()) + 3600}, "not valid yet"),
        ({"iat": int(time.time()) + 3600}, "not valid yet"),
        ({"nbf": {}}, "malformed"),
        ({"aud": "another"}, "another audience"),
        ({"aud": ["another", "and-another"]}, "another audience"),
        ({"aud": None}, "lacks a claim"),
        ({"iss": "https://id.example.evil"}, "another issuer"),
        ({"iss": ISSUER + "/"}, "another issuer"),
        ({"iss": None}, "lacks a claim"),
        ({"sub": None}, "no name"),
        ({"sub": ""}, "no name"),
        ({"sub": " Alice"}, "no name"),
        ({"sub": "Alice\nBob"}, "no name"),
        ({"sub": "x" * 256}, "no name"),
        ({"sub": "entity-api"}, "no name"),
    ],
)
async def test_a_claim_that_breaks_a_rule_is_refused_with_the_rule(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    said = token(ONE, **changes)
    why = await refusal(tokens(tmp_path), said)
    assert words in why
    assert "Alice" not in why, "nothing of the token is told"


@pytest.mark.parametrize("changes", [{"exp": -LEEWAY + 30}, {"nbf": LEEWAY - 30}, {"iat": LEEWAY - 30}])
async def test_clocks_may_differ_by_the_leeway(tmp_path: Path, changes: dict[str, Any]) -> None:
    now = int(time.time())
    moved: dict[str, Any] = {claim: now + seconds for claim, seconds in changes.items()}
    said = token(ONE, **moved)
    assert (await tokens(tmp_path).actor(said)).name == "Alice"
    why = await refusal(tokens(tmp_path, auth_leeway_seconds=0), said)
    assert "expired" in why or "not valid yet" in why


async def test_one_audience_among_several_is_enough(tmp_path: Path) -> None:
    assert (await tokens(tmp_path).actor(token(ONE, aud=["another", AUDIENCE]))).name == "Alice"


@pytest.mark.parametrize(
    ("pair", "algorithms"),
    [
        (RSA, ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        (elliptic(SECP256R1()), ["ES256"]),
        (elliptic(SECP384R1()), ["ES384"]),
        (elliptic(SECP521R1()), ["ES512"]),
        (ONE, ["EdDSA"]),
    ],
)
async def test_a_key_is_used_with_the_algorithms_of_its_type(
    tmp_path: Path, pair: Pair, algorithms: list[str]
) -> None:
    taking = tokens(tmp_path, pair)
    names = [(await taking.actor(token(pair, algorithm))).name for algorithm in algorithms]
    assert names == ["Alice"] * len(algorithms)


async def test_a_key_that_is_meant_for_one_algorithm_is_used_with_no_other(tmp_path: Path) -> None:
    only = Pair(RSA.private, {**RSA.jwk, "alg": "PS256"}, "one")
    taking = tokens(tmp_path, only)
    assert (await taking.actor(token(only, "PS256"))).name == "Alice"
    assert "algorithm" in await refusal(taking, token(only, "RS256"))


@pytest.mark.parametrize("pair", [RSA, ONE], ids=["RSA", "Ed25519"])
@pytest.mark.parametrize("algorithm", ["HS256", "none", "None", "HS512"])
async def test_a_public_key_is_no_secret_to_sign_with(tmp_path: Path, pair: Pair, algorithm: str) -> None:
    """The algorithm follows from the key: by HS256 everybody could sign with what everybody may know."""
    for secret in (pair.pem, pair.pem.strip(), b""):
        said = by_hand({"alg": algorithm, "kid": "one"}, claims_of(), secret)
        assert "algorithm" in await refusal(tokens(tmp_path, pair), said)
        assert "algorithm" in await refusal(tokens(tmp_path, pair), said.rpartition(".")[0] + ".")


@pytest.mark.parametrize(
    "pair",
    [
        rsa(bits=1024),
        elliptic(SECP256K1()),
        Pair(None, {"kty": "oct", "k": "c2VjcmV0"}, "one"),
        Pair(None, {**ONE.jwk, "use": "enc"}, "one"),
        Pair(None, {**ONE.jwk, "d": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, "one"),
        Pair(None, {"kty": "EC", "crv": "P-256", "x": "!", "y": 7}, "one"),
    ],
    ids=["short", "other curve", "symmetric", "for encryption", "private", "damaged"],
)
def test_a_key_that_proves_nothing_is_not_used(tmp_path: Path, pair: Pair) -> None:
    with pytest.raises(WrongSetting, match="holds no public key"):
        tokens(tmp_path, pair)


async def test_a_token_by_another_key_of_the_same_name_is_refused(tmp_path: Path) -> None:
    assert "signature" in await refusal(tokens(tmp_path), token(edwards()))


async def test_a_token_that_was_changed_is_refused(tmp_path: Path) -> None:
    """The claims of one under the signature of another."""
    head, _, signature = token(ONE).split(".")
    _, claims, _ = token(ONE, roles=["administrator"]).split(".")
    assert "signature" in await refusal(tokens(tmp_path), f"{head}.{claims}.{signature}")


@pytest.mark.parametrize(
    "said",
    [
        "x",
        "..",
        "a.b.c",
        "ü.ü.ü",
        "x" * 20_000,
        by_hand({"alg": "EdDSA", "kid": 7}, claims_of()),
        by_hand({"alg": "EdDSA", "kid": "one", "crit": ["x"]}, claims_of()),
        jwt.encode(claims_of(), "secret" * 10, algorithm="HS256").replace("ey", "W1tb", 1),
    ],
)
async def test_what_is_no_token_is_refused(tmp_path: Path, said: str) -> None:
    why = await refusal(tokens(tmp_path), said)
    assert "the token" in why or "signature" in why
    assert said not in why


async def test_deep_brackets_are_refused(tmp_path: Path) -> None:
    """Parsers of JSON give up on them by an error of their own."""
    deep = "W1tb" * 3000  # base64 of [[[
    assert "malformed" in await refusal(tokens(tmp_path), f"{deep}.e30.x")
    signed = jwt.PyJWS().encode(b"[" * 9000, ONE.private, "EdDSA", headers={"kid": "one"})
    assert "malformed" in await refusal(tokens(tmp_path), signed)


async def test_a_key_of_an_unknown_name_is_refused(tmp_path: Path) -> None:
    assert "not known" in await refusal(tokens(tmp_path), token(Pair(ONE.private, ONE.jwk, "two")))


async def test_a_token_without_a_keys_name_is_proved_by_the_only_key(tmp_path: Path) -> None:
    nameless = Pair(ONE.private, ONE.jwk, None)
    assert (await tokens(tmp_path).actor(token(nameless))).name == "Alice"


async def test_a_token_without_a_keys_name_does_not_choose_among_several(tmp_path: Path) -> None:
    taking = tokens(tmp_path)
    (tmp_path / "keys.jwks").write_bytes(jwks(ONE, edwards("two")))
    assert "not known" in await refusal(taking, token(Pair(ONE.private, ONE.jwk, None)))


async def test_a_pem_file_is_one_key_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(RSA.pem)
    taking = tokens(tmp_path, auth_keys=str(tmp_path / "key.pem"))
    assert (await taking.actor(token(RSA, "RS256"))).name == "Alice"


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """A key is rotated without a restart, and the old one proves nothing any more."""
    taking, two = tokens(tmp_path), edwards("two")
    (tmp_path / "keys.jwks").write_bytes(jwks(two))
    assert (await taking.actor(token(two))).name == "Alice"
    assert "not known" in await refusal(taking, token(ONE))


@pytest.mark.parametrize("text", [None, "", "{", '{"keys": []}', '{"keys": 7}', "[]", "[" * 50_000])
async def test_a_file_that_went_bad_proves_nothing_until_it_is_good_again(
    tmp_path: Path, text: str | None
) -> None:
    taking, file = tokens(tmp_path), tmp_path / "keys.jwks"
    good = file.read_bytes()
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    for _ in range(2):
        with pytest.raises(KeysUnavailable):
            await taking.actor(token(ONE))
    file.write_bytes(good)
    assert (await taking.actor(token(ONE))).name == "Alice"


@pytest.mark.parametrize(
    ("more", "changes", "given"),
    [
        ({}, {"roles": ["editor"]}, [Role.EDITOR]),
        ({}, {"roles": "bot protector"}, [Role.BOT, Role.PROTECTOR]),
        ({}, {"roles": ["administrator"]}, list(Role)),
        ({}, {"roles": ["Editor", "sysop", 7, None, ["bot"]]}, [Role.READER]),
        ({}, {"roles": {"bot": True}}, [Role.READER]),
        ({}, {"roles": None}, [Role.READER]),
        (
            {"auth_roles_claim": "realm_access.roles"},
            {"realm_access": {"roles": ["deleter"]}},
            [Role.DELETER],
        ),
        ({"auth_roles_claim": "realm_access.roles"}, {"realm_access": ["deleter"]}, [Role.READER]),
        ({"auth_roles_claim": "https://x.example/roles"}, {"https://x.example/roles": "bot"}, [Role.BOT]),
        (
            {"auth_roles": "staff=editor, staff=protector,a=b=bot"},
            {"roles": ["staff"]},
            [Role.PROTECTOR],
        ),
        ({"auth_roles": "staff=editor,a=b=bot"}, {"roles": ["a=b"]}, [Role.BOT]),
        ({"auth_roles": "staff=editor"}, {"roles": ["administrator"]}, [Role.READER]),
        ({"auth_anonymous": "none"}, {"roles": []}, []),
    ],
)
async def test_roles_come_from_the_claim_that_the_settings_name(
    tmp_path: Path, more: dict[str, Any], changes: dict[str, Any], given: list[Role]
) -> None:
    actor = await tokens(tmp_path, **more).actor(token(ONE, **{"roles": None, **changes}))
    assert actor.roles == implied(given)


async def test_the_editor_comes_from_the_claim_that_the_settings_name(tmp_path: Path) -> None:
    """W9"""
    taking = tokens(tmp_path, auth_editor_claim="preferred_username")
    assert (await taking.actor(token(ONE, sub="7f3a", preferred_username="Alice"))).name == "Alice"
    assert "preferred_username" in await refusal(taking, token(ONE))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"auth_issuer": ""}, "AUTH_ISSUER is not"),
        ({"auth_audience": ""}, "AUTH_AUDIENCE is not"),
        ({"auth_keys": ""}, "AUTH_KEYS is not"),
        ({"auth_keys": "/nowhere/keys.jwks"}, "AUTH_KEYS: /nowhere/keys.jwks"),
        ({"auth_roles": "staff"}, "'staff' is not `value=role`"),
        ({"auth_roles": "staff=king"}, "'staff=king' is not"),
        ({"auth_roles": "=editor"}, "'=editor' is not"),
    ],
)
def test_credentials_that_are_not_whole_are_a_wrong_setting(
    tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(WrongSetting, match=words):
        tokens(tmp_path, **more)
