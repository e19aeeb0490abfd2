"""The realms as committed: what a reviewer would look for."""

from pathlib import Path
from typing import Any

import pytest

from stack109.failure import StackFailure
from stack109.keycloak import REALMS, realm_file
from stack109.nats_conf import SERVICES

FOLDER = Path(__file__).parents[3] / "auth" / "realms"
VALUES = {
    "DISPATCH_URL": "http://localhost:1",
    "HUB_URL": "http://localhost:2",
    "REGION_URL": "http://localhost:3",
    **dict.fromkeys(
        (
            "DISPATCH_WEB_SECRET",
            "PROVISIONER_SECRET",
            "HUB_WEB_SECRET",
            "HUB_PROVISIONER_SECRET",
            "REGION_WEB_SECRET",
        ),
        "generated",
    ),
    **{f"SERVICE_{code}_JWKS": '{"keys": []}' for code in SERVICES},
}


def realm(name: str) -> dict[str, Any]:
    return realm_file(FOLDER, name, VALUES)


def client(name: str, of: str = "sko") -> dict[str, Any]:
    return next(client for client in realm(of)["clients"] if client["clientId"] == name)


@pytest.mark.parametrize("name", REALMS)
def test_tokens_are_signed_by_elliptic_curve_and_refreshed_once(name: str) -> None:
    content = realm(name)
    assert (content["defaultSignatureAlgorithm"], content["revokeRefreshToken"]) == ("ES256", True)


@pytest.mark.parametrize("name", REALMS)
def test_a_dispatcher_is_locked_out_for_a_while_but_never_for_good(name: str) -> None:
    content = realm(name)
    assert (content["bruteForceProtected"], content["permanentLockout"]) == (True, False)


@pytest.mark.parametrize("name", REALMS)
def test_a_session_lasts_a_shift_and_ends_after_an_idle_hour(name: str) -> None:
    content = realm(name)
    assert (content["ssoSessionMaxLifespan"], content["ssoSessionIdleTimeout"]) == (13 * 3600, 3600)


@pytest.mark.parametrize("name", REALMS)
def test_the_login_page_speaks_three_languages(name: str) -> None:
    assert realm(name)["supportedLocales"] == ["kk", "ru", "en"]


@pytest.mark.parametrize("name", REALMS)
def test_no_realm_carries_client_scopes_because_that_loses_the_built_in_ones(name: str) -> None:
    assert "clientScopes" not in realm(name)


@pytest.mark.parametrize("name", REALMS)
def test_no_person_and_no_secret_is_committed(name: str) -> None:
    content = realm(name)
    assert [user["username"] for user in content["users"]] == ["service-account-provisioner"]
    assert {one["secret"] for one in content["clients"] if "secret" in one} == {"generated"}


def test_the_consoles_use_code_flow_with_pkce_and_one_exact_redirect() -> None:
    consoles = client("dispatch-web")
    assert consoles["redirectUris"] == ["http://localhost:1/callback"]
    assert consoles["attributes"]["pkce.code.challenge.method"] == "S256"
    assert not consoles["directAccessGrantsEnabled"]
    assert not consoles["publicClient"]


def test_direct_grants_exist_for_the_demo_only_and_not_in_the_realm_as_committed() -> None:
    assert client("dispatch-demo")["directAccessGrantsEnabled"]
    assert "dispatch-demo" not in (FOLDER / "sko.json").read_text()


def test_direct_grants_of_the_hub_exist_for_the_demo_only_too() -> None:
    assert client("hub-demo", "sko-112")["directAccessGrantsEnabled"]
    assert "hub-demo" not in (FOLDER / "sko-112.json").read_text()


def test_every_desk_has_operators_leads_and_machines() -> None:
    services = realm("sko-112")["groups"][0]
    assert services["name"] == "services"
    assert {
        desk["name"]: [group["name"] for group in desk["subGroups"]] for desk in services["subGroups"]
    } == {code: ["hub-operator", "hub-lead", "machine"] for code in SERVICES}


@pytest.mark.parametrize("code", SERVICES)
def test_a_machine_knows_itself_by_its_key_and_has_no_secret(code: str) -> None:
    machine = client(f"service-{code}", "sko-112")
    assert (machine["clientAuthenticatorType"], machine["serviceAccountsEnabled"]) == ("client-jwt", True)
    assert machine["attributes"]["jwks.string"] == '{"keys": []}'
    assert machine["attributes"]["use.jwks.string"] == "true"
    assert "secret" not in machine
    assert not machine["standardFlowEnabled"]
    assert not machine["directAccessGrantsEnabled"]


@pytest.mark.parametrize("name", [f"service-{code}" for code in SERVICES] + ["hub-web", "hub-demo"])
def test_tokens_for_the_hub_say_so_and_name_the_groups(name: str) -> None:
    mappers = {one["name"]: one["config"] for one in client(name, "sko-112")["protocolMappers"]}
    assert mappers["audience"]["included.custom.audience"] == "hub-api"
    assert (mappers["groups"]["claim.name"], mappers["groups"]["access.token.claim"]) == ("groups", "true")


def test_a_placeholder_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sko.json").write_text('{"clients": [], "secret": "${FORGOTTEN}"}')
    (tmp_path / "demo-clients.json").write_text("{}")
    with pytest.raises(StackFailure, match="FORGOTTEN"):
        realm_file(tmp_path, "sko", VALUES)
