"""The cache of public keys, against a real endpoint that may be slow, wrong or gone."""

import asyncio

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey
from tests.unit.identity109.local_issuer import LocalIssuer

from identity109.errors import KeysAway
from identity109.jwks import KeyCache, signing_keys

CERTS = "/protocol/openid-connect/certs"


class Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def test_many_who_wait_cause_one_request(issuer: LocalIssuer, http: httpx.AsyncClient) -> None:
    issuer.slow_seconds = 0.1
    cache = KeyCache(http)

    found = await asyncio.gather(*(cache.key(issuer.url + CERTS, "key-1") for _ in range(50)))

    assert all(found)
    assert issuer.asked == ["certs"]


async def test_keys_are_fetched_again_after_five_minutes(
    issuer: LocalIssuer, http: httpx.AsyncClient
) -> None:
    now = Time()
    cache = KeyCache(http, now)
    await cache.key(issuer.url + CERTS, "key-1")

    now.seconds += 299
    await cache.key(issuer.url + CERTS, "key-1")
    assert len(issuer.asked) == 1
    now.seconds += 2
    await cache.key(issuer.url + CERTS, "key-1")
    assert len(issuer.asked) == 2


async def test_an_unknown_kid_asks_at_most_every_ten_seconds(
    issuer: LocalIssuer, http: httpx.AsyncClient
) -> None:
    now = Time()
    cache = KeyCache(http, now)
    await cache.key(issuer.url + CERTS, "key-1")

    now.seconds += 11
    assert [await cache.key(issuer.url + CERTS, f"guess-{n}") for n in range(20)] == [None] * 20
    assert len(issuer.asked) == 2


async def test_a_rotated_key_is_found_after_the_cool_down(
    issuer: LocalIssuer, http: httpx.AsyncClient
) -> None:
    now = Time()
    cache = KeyCache(http, now)
    await cache.key(issuer.url + CERTS, "key-1")
    issuer.keys.append(LocalIssuer.public(ECKey.generate_key("P-256", {"kid": "key-2"})))

    assert await cache.key(issuer.url + CERTS, "key-2") is None
    now.seconds += 11
    assert await cache.key(issuer.url + CERTS, "key-2") is not None


@pytest.mark.parametrize("status", [500, 404])
async def test_known_keys_stay_good_while_the_endpoint_fails(
    status: int, issuer: LocalIssuer, http: httpx.AsyncClient
) -> None:
    now = Time()
    cache = KeyCache(http, now)
    await cache.key(issuer.url + CERTS, "key-1")

    issuer.answers["certs"] = status
    now.seconds += 3600
    assert await cache.key(issuer.url + CERTS, "key-1") is not None
    assert cache.age_seconds(issuer.url + CERTS) == 3600


async def test_without_any_key_the_answer_is_that_keys_are_away(
    issuer: LocalIssuer, http: httpx.AsyncClient
) -> None:
    issuer.answers["certs"] = 503

    with pytest.raises(KeysAway):
        await KeyCache(http).key(issuer.url + CERTS, "key-1")


def test_keys_that_do_not_sign_by_es256_are_dropped() -> None:
    good = ECKey.generate_key("P-256", {"kid": "good"})
    document = {
        "keys": [
            LocalIssuer.public(good),
            LocalIssuer.public(ECKey.generate_key("P-256", {"kid": "enc"}), use="enc"),
            LocalIssuer.public(ECKey.generate_key("P-384", {"kid": "curve"})),
            LocalIssuer.public(ECKey.generate_key("P-256", {"kid": "k" * 65})),
            LocalIssuer.public(ECKey.generate_key("P-256", {"kid": "other"}), alg="ES384"),
            LocalIssuer.public(RSAKey.generate_key(2048, {"kid": "rsa"})),
            {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "!", "y": "!"},
            {"kty": "oct", "kid": "oct", "k": "c2VjcmV0"},
            "no key",
        ]
    }

    assert list(signing_keys(document)) == ["good"]


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, "keys"])
def test_what_is_no_key_set_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="not a JWK set"):
        signing_keys(document)
