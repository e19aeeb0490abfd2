"""Which access tokens are believed: the attack list of the design, with real keys and a real key endpoint."""

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from joserfc.jwk import ECKey
from tests.unit.identity109.local_issuer import LocalIssuer

from chassis109.kernel import clock
from identity109.errors import TokenRefused
from identity109.tokens import Verifier

Make = Callable[[LocalIssuer], str]


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256_with_the_public_key(issuer: LocalIssuer) -> str:
    signed = f"{b64({'alg': 'HS256', 'typ': 'JWT', 'kid': issuer.key.kid})}.{b64(issuer.claims())}"
    return f"{signed}.{b64(hmac.new(issuer.key.as_pem(private=False), signed.encode(), sha256).digest())}"


def swapped_payload(issuer: LocalIssuer) -> str:
    header, _, signature = issuer.token().split(".")
    return f"{header}.{b64(issuer.claims(groups=['/tenants/petropavl/senior']))}.{signature}"


def foreign_key(issuer: LocalIssuer) -> str:
    return issuer.token(key=ECKey.generate_key("P-256", {"kid": issuer.key.kid}))


def embedded_key(issuer: LocalIssuer) -> str:
    own = ECKey.generate_key("P-256", {"kid": "mine"})
    return issuer.token(header={"jwk": own.as_dict(private=False)}, key=own)


def this_second() -> int:
    """Asked when a token is made: a whole suite may have run since this module was imported."""
    return int(time.time())


ATTACKS: dict[str, Make] = {
    "alg none": lambda i: f"{b64({'alg': 'none', 'typ': 'JWT', 'kid': 'key-1'})}.{b64(i.claims())}.",
    "alg none with a signature": lambda i: f"{b64({'alg': 'none', 'kid': 'key-1'})}.{b64(i.claims())}.AAAA",
    "HS256 with the public key": hs256_with_the_public_key,
    "another algorithm named": lambda i: i.token().replace(
        i.token().split(".")[0], b64({"alg": "ES384", "typ": "JWT", "kid": "key-1"})
    ),
    "a foreign key": foreign_key,
    "an embedded jwk": embedded_key,
    "a jku": lambda i: i.token(header={"jku": "http://127.0.0.1:1/certs"}),
    "an x5u": lambda i: i.token(header={"x5u": "http://127.0.0.1:1/cert"}),
    "crit": lambda i: (
        f"{b64({'alg': 'ES256', 'kid': 'key-1', 'crit': ['exp']})}.{i.token().split('.', 1)[1]}"
    ),
    "a swapped payload": swapped_payload,
    "an empty signature": lambda i: i.token().rsplit(".", 1)[0] + ".",
    "no signature": lambda i: i.token().rsplit(".", 1)[0],
    "five parts": lambda i: i.token() + ".e30.e30",
    "no kid": lambda i: i.token(header={"kid": None}),
    "an unknown kid": lambda i: i.token(header={"kid": "key-2"}),
    "a long kid": lambda i: i.token(header={"kid": "k" * 65}),
    "an encryption key's kid": lambda i: i.token(header={"kid": "enc-1"}),
    "another type": lambda i: i.token(header={"typ": "logout+jwt"}),
    "expired": lambda i: i.token(exp=this_second() - 60, iat=this_second() - 120),
    "no exp": lambda i: i.token(exp=None),
    "exp as text": lambda i: i.token(exp=str(this_second() + 300)),
    "exp as a fraction": lambda i: i.token(exp=this_second() + 300.5),
    "exp as a truth value": lambda i: i.token(exp=True),
    "iat as a truth value": lambda i: i.token(iat=True),
    "no iat": lambda i: i.token(iat=None),
    "iat in the future": lambda i: i.token(iat=this_second() + 3600, exp=this_second() + 7200),
    "nbf in the future": lambda i: i.token(nbf=this_second() + 3600),
    "another issuer": lambda i: i.token(iss="http://elsewhere/realms/sko"),
    "the hub's realm": lambda i: i.token(iss=i.url + "-112"),
    "an issuer with a slash more": lambda i: i.token(iss=i.url + "/"),
    "issuers in a list": lambda i: i.token(iss=[i.url]),
    "no issuer": lambda i: i.token(iss=None),
    "another audience": lambda i: i.token(aud=["account"]),
    "an audience that begins like ours": lambda i: i.token(aud="dispatch-api-2"),
    "no audience": lambda i: i.token(aud=None),
    "another client": lambda i: i.token(azp="provisioner"),
    "no client": lambda i: i.token(azp=None),
    "an ID token": lambda i: i.token(typ="ID", aud=["dispatch-web", "dispatch-api"]),
    "a refresh token": lambda i: i.token(typ="Refresh"),
    "a logout token": lambda i: i.logout_token(),
    "no typ": lambda i: i.token(typ=None),
    "no subject": lambda i: i.token(sub=None),
    "a subject that is no UUID": lambda i: i.token(sub="admin"),
    "a subject in another spelling": lambda i: i.token(sub="{0198A2B3-0000-7000-8000-00000000000A}"),
    "more than 8 KB": lambda i: i.token(filler="x" * 8192),
    "groups as an object": lambda i: i.token(groups={"/tenants/petropavl/senior": True}),
    "groups as one text": lambda i: i.token(groups="/tenants/petropavl/senior"),
    "groups with an object": lambda i: i.token(groups=[{"path": "/tenants/petropavl/senior"}]),
    "a payload that is a list": lambda i: i.signed([i.claims()]),
    "no JSON": lambda i: "{0}.AAAA.{2}".format(*i.token().split(".")),
    "not ASCII": lambda i: i.token() + "ё",
    "nothing": lambda i: "",
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused(attack: str, issuer: LocalIssuer, verifier: Verifier) -> None:
    issuer.keys.append(LocalIssuer.public(ECKey.generate_key("P-256", {"kid": "enc-1"}), use="enc"))
    await verifier.verify(issuer.token())

    with pytest.raises(TokenRefused):
        await verifier.verify(ATTACKS[attack](issuer))


async def test_a_good_token_is_believed_as_it_says(issuer: LocalIssuer, verifier: Verifier) -> None:
    claims = await verifier.verify(issuer.token(sub="0198a2b3-0000-7000-8000-00000000000a"))

    assert str(claims.subject) == "0198a2b3-0000-7000-8000-00000000000a"
    assert claims.groups == ("/tenants/petropavl/operator",)
    assert (claims.kind, claims.client, claims.username) == ("person", "dispatch-web", "operator.petropavl")


async def test_an_audience_given_as_one_text_is_ours(issuer: LocalIssuer, verifier: Verifier) -> None:
    assert await verifier.verify(issuer.token(aud="dispatch-api"))


async def test_five_seconds_of_clock_difference_are_forgiven(issuer: LocalIssuer, verifier: Verifier) -> None:
    now = int(time.time())

    assert await verifier.verify(issuer.token(exp=now - 3, iat=now + 3, nbf=now + 3))


@pytest.mark.parametrize(
    "group",
    [
        "/tenants/Petropavl/operator",
        "/tenants/рetropavl/operator",
        "/tenants/petropavl./operator",
        "/tenants/petropavl/operator/",
        "/tenants/petropavl/operator\n",
        "/tenants/__proto__/operator",
        "/tenants//operator",
        "/tenants/petropavl",
        "tenants/petropavl/operator",
        "/other/tenants/petropavl/operator",
        "/tenants/petropavl/../qyzylzhar/operator",
    ],
)
async def test_a_look_alike_of_a_group_gives_nothing(
    group: str, issuer: LocalIssuer, verifier: Verifier
) -> None:
    assert (await verifier.verify(issuer.token(groups=[group]))).groups == ()


async def test_a_token_is_verified_once_a_minute_and_never_after_its_end(
    issuer: LocalIssuer, verifier: Verifier
) -> None:
    token = issuer.token(exp=int(time.time()) + 30)
    first = await verifier.verify(token)

    assert await verifier.verify(token) is first
    with clock.frozen(clock.now() + timedelta(seconds=40)), pytest.raises(TokenRefused):
        await verifier.verify(token)


async def test_a_changed_byte_is_not_taken_for_the_remembered_token(
    issuer: LocalIssuer, verifier: Verifier
) -> None:
    token = issuer.token()
    await verifier.verify(token)
    head, signature = token.rsplit(".", 1)
    raw = bytearray(urlsafe_b64decode(signature + "=="))
    raw[0] ^= 1

    with pytest.raises(TokenRefused):
        await verifier.verify(f"{head}.{b64(bytes(raw))}")


async def test_the_caller_is_not_told_which_check_failed(issuer: LocalIssuer, verifier: Verifier) -> None:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(issuer.token(azp="provisioner"))

    assert (str(refused.value), refused.value.reason) == ("The access token was not accepted.", "azp")
