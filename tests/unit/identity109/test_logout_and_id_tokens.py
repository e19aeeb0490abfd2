"""Which back-channel logout tokens and ID tokens are believed."""

import time
from collections.abc import Callable

import pytest
from joserfc.jwk import ECKey
from tests.unit.identity109.local_issuer import CLIENT, LocalIssuer

from identity109.errors import TokenRefused
from identity109.tokens import Verifier


def this_second() -> int:
    """Asked when a token is made: a whole suite may have run since this module was imported."""
    return int(time.time())


EVENT = "http://schemas.openid.net/event/backchannel-logout"
Make = Callable[[LocalIssuer], str]
LOGOUT_ATTACKS: dict[str, Make] = {
    "an access token": lambda i: i.token(),
    "another issuer": lambda i: i.logout_token(iss="http://elsewhere"),
    "another client": lambda i: i.logout_token(aud="dispatch-demo"),
    "no audience": lambda i: i.logout_token(aud=None),
    "no events": lambda i: i.logout_token(events=None),
    "events as a list": lambda i: i.logout_token(events=[EVENT]),
    "another event": lambda i: i.logout_token(events={"http://example.org/event": {}}),
    "an event that is no object": lambda i: i.logout_token(events={EVENT: True}),
    "a nonce": lambda i: i.logout_token(nonce="n"),
    "an old iat": lambda i: i.logout_token(iat=this_second() - 200),
    "iat in the future": lambda i: i.logout_token(iat=this_second() + 60),
    "iat as text": lambda i: i.logout_token(iat=str(this_second())),
    "expired": lambda i: i.logout_token(exp=this_second() - 60),
    "no jti": lambda i: i.logout_token(jti=None),
    "neither sub nor sid": lambda i: i.logout_token(sub=None, sid=None),
}


@pytest.mark.parametrize("attack", LOGOUT_ATTACKS)
async def test_a_wrong_logout_token_is_refused(attack: str, issuer: LocalIssuer, verifier: Verifier) -> None:
    with pytest.raises(TokenRefused):
        await verifier.verify_logout(LOGOUT_ATTACKS[attack](issuer), CLIENT)


async def test_a_logout_token_under_a_foreign_key_is_refused(issuer: LocalIssuer, verifier: Verifier) -> None:
    issuer.key = ECKey.generate_key("P-256", {"kid": "key-1"})

    with pytest.raises(TokenRefused):
        await verifier.verify_logout(issuer.logout_token(), CLIENT)


async def test_a_logout_token_names_the_session_that_ends(issuer: LocalIssuer, verifier: Verifier) -> None:
    order = await verifier.verify_logout(issuer.logout_token(jti="j", sub=None), CLIENT)

    assert (order.jti, order.subject, order.keycloak_session) == ("j", None, "keycloak-session-1")


ID_ATTACKS: dict[str, Make] = {
    "another nonce": lambda i: i.token(typ="ID", aud=CLIENT, nonce="another"),
    "no nonce": lambda i: i.token(typ="ID", aud=CLIENT),
    "an access token": lambda i: i.token(nonce="n", aud=CLIENT),
    "another audience": lambda i: i.token(typ="ID", aud="dispatch-demo", nonce="n"),
    "another client": lambda i: i.token(typ="ID", aud=[CLIENT, "x"], azp="x", nonce="n"),
    "expired": lambda i: i.token(typ="ID", aud=CLIENT, nonce="n", exp=this_second() - 60),
}


@pytest.mark.parametrize("attack", ID_ATTACKS)
async def test_a_wrong_id_token_is_refused(attack: str, issuer: LocalIssuer, verifier: Verifier) -> None:
    with pytest.raises(TokenRefused):
        await verifier.verify_identity(ID_ATTACKS[attack](issuer), CLIENT, "n")


async def test_the_id_token_of_our_own_sign_in_is_accepted(issuer: LocalIssuer, verifier: Verifier) -> None:
    await verifier.verify_identity(issuer.token(typ="ID", aud=CLIENT, nonce="n"), CLIENT, "n")
