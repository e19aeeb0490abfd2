"""Two services, two realms: a token of the dispatch never passes at the hub, nor the reverse."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest
from tests.unit.identity109.local_issuer import ORIGIN, LocalIssuer

from identity109.errors import TokenRefused
from identity109.gate import Gate
from identity109.issuers import trusted
from identity109.jwks import KeyCache
from identity109.oidc import Attempt
from identity109.settings import IdentitySettings, ProvisionerSettings
from identity109.tokens import Verifier

MACHINES = frozenset({"service-101", "service-103"})
ENVIRONMENT = {
    "KEYCLOAK_URL": "http://localhost:8119",
    "DISPATCH_URL": "http://localhost:8109",
    "DISPATCH_OIDC_SECRET": "one",
    "DISPATCH_SESSION_KEYS": f"k1:{'01' * 32}",
    "PROVISIONER_SECRET": "three",
    "HUB_URL": "http://localhost:8114",
    "HUB_OIDC_SECRET": "two",
    "HUB_SESSION_KEYS": f"k1:{'02' * 32}",
    "HUB_API_CLIENTS": "hub-web,hub-demo",
    "HUB_MACHINE_CLIENTS": "service-101,service-103",
    "HUB_PROVISIONER_SECRET": "four",
}


@dataclass
class Realm:
    """An issuer, and the service that believes it."""

    issuer: LocalIssuer
    settings: IdentitySettings
    verifier: Verifier
    audience: str

    def token(self, **claims: object) -> str:
        """A good token of the realm unless a claim says otherwise."""
        return self.issuer.token(**{"aud": self.audience, **claims})


@pytest.fixture
def issuers() -> Iterator[tuple[LocalIssuer, LocalIssuer]]:
    dispatch = LocalIssuer()
    # The same keys on purpose: what tells the realms apart must not be the signature alone.
    hub = LocalIssuer(key=dispatch.key, realm="/realms/sko-112", client="hub-web")
    yield dispatch, hub
    dispatch.stop()
    hub.stop()


@pytest.fixture
async def realms(issuers: tuple[LocalIssuer, LocalIssuer]) -> AsyncIterator[tuple[Realm, Realm]]:
    dispatch, hub = issuers
    hub_settings = hub.settings(
        audience="hub-api",
        machine_clients=MACHINES,
        session_cookie="__Host-sid-112",
        login_cookie="__Host-login-112",
    )
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
        yield (
            Realm(
                dispatch,
                dispatch.settings(),
                Verifier(trusted(dispatch.settings()), KeyCache(http)),
                "dispatch-api",
            ),
            Realm(hub, hub_settings, Verifier(trusted(hub_settings), KeyCache(http)), "hub-api"),
        )


async def test_each_service_believes_its_own_realm(realms: tuple[Realm, Realm]) -> None:
    for realm in realms:
        assert (await realm.verifier.verify(realm.token())).kind == "person"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": ["dispatch-api", "hub-api"]},
        {"aud": ["dispatch-api", "hub-api"], "azp": "hub-web"},
        {"aud": ["dispatch-api", "hub-api"], "azp": "dispatch-web"},
        {"aud": ["dispatch-api", "hub-api"], "azp": "service-103"},
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
async def test_a_token_of_one_realm_never_passes_at_the_other(
    claims: dict[str, object], swapped: bool, realms: tuple[Realm, Realm]
) -> None:
    one, other = reversed(realms) if swapped else realms

    with pytest.raises(TokenRefused):
        await other.verifier.verify(one.token(**claims))


@pytest.mark.parametrize("swapped", [False, True])
async def test_the_audience_of_the_other_service_is_refused_even_from_the_own_realm(
    swapped: bool, realms: tuple[Realm, Realm]
) -> None:
    one, other = reversed(realms) if swapped else realms

    with pytest.raises(TokenRefused):
        await one.verifier.verify(one.token(aud=other.audience))


@pytest.mark.parametrize("swapped", [False, True])
async def test_the_name_of_the_others_realm_is_refused_under_the_own_signature(
    swapped: bool, realms: tuple[Realm, Realm]
) -> None:
    one, other = reversed(realms) if swapped else realms

    with pytest.raises(TokenRefused):
        await one.verifier.verify(one.token(iss=other.issuer.url))


async def test_a_machine_is_known_by_its_client_and_not_by_what_it_says(realms: tuple[Realm, Realm]) -> None:
    dispatch, hub = realms

    machine = await hub.verifier.verify(hub.token(azp="service-103", groups=["/services/103/machine"]))
    person = await hub.verifier.verify(hub.token(groups=["/services/103/machine"]))

    assert (machine.kind, machine.groups) == ("machine", ("/services/103/machine",))
    assert person.kind == "person"
    for verifier, token in (
        (hub.verifier, hub.token(azp="service-999")),
        (dispatch.verifier, dispatch.token(azp="service-103")),
    ):
        with pytest.raises(TokenRefused):
            await verifier.verify(token)


@pytest.mark.parametrize(
    "group",
    [
        "/services/10/machine", "/services/1033/machine", "/services/abc/machine", "/services/103",
        "/services/103/../101/machine", "/services/１０３/machine",
    ],
)  # fmt: skip
async def test_a_look_alike_of_a_desks_group_gives_nothing(group: str, realms: tuple[Realm, Realm]) -> None:
    _, hub = realms

    assert (await hub.verifier.verify(hub.token(groups=[group]))).groups == ()


async def test_the_cookies_of_one_service_are_nothing_to_the_other(realms: tuple[Realm, Realm]) -> None:
    gates = [
        Gate.build(realm.settings, language_of=lambda _: "kk", render=NotImplemented) for realm in realms
    ]
    attempt = Attempt.begin("/me", "kk", False)

    sealed = gates[0].seal_attempt(attempt)

    # The same session keys on purpose: the cookie's name is sealed in.
    assert gates[0].open_attempt(sealed, attempt.state) == attempt
    assert gates[1].open_attempt(sealed, attempt.state) is None
    for gate in gates:
        await gate.close()


def test_both_services_read_settings_of_their_own() -> None:
    dispatch = IdentitySettings.from_environment(ENVIRONMENT)
    hub = IdentitySettings.from_environment(ENVIRONMENT, "HUB")

    assert (dispatch.issuer, hub.issuer) == (
        "http://localhost:8119/realms/sko",
        "http://localhost:8119/realms/sko-112",
    )
    assert (dispatch.audience, hub.audience) == ("dispatch-api", "hub-api")
    assert (dispatch.origin, hub.origin) == (ORIGIN, "http://localhost:8114")
    assert (hub.client_id, hub.client_secret, hub.session_keys["k1"]) == ("hub-web", "two", b"\x02" * 32)
    assert (hub.api_clients, hub.machine_clients) == ({"hub-web", "hub-demo"}, {"service-101", "service-103"})
    assert dispatch.machine_clients == frozenset()
    assert {dispatch.session_cookie, dispatch.login_cookie}.isdisjoint({hub.session_cookie, hub.login_cookie})


def test_each_realm_has_a_provisioner_of_its_own() -> None:
    dispatch = ProvisionerSettings.from_environment(ENVIRONMENT)
    hub = ProvisionerSettings.from_environment(ENVIRONMENT, "HUB")

    assert (dispatch.realm, dispatch.client_secret) == ("sko", "three")
    assert (hub.realm, hub.client_secret) == ("sko-112", "four")
