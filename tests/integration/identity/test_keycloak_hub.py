"""The realm of the hub in the real Keycloak of the test stack: its people, its machines, and what they may."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.databases import Database, storing
from tests.integration.identity.conftest import application
from tests.integration.identity.test_desks import PROBES
from tests.integration.identity.test_keycloak import demo_tokens
from tests.unit.identity109.local_issuer import ORIGIN

from chassis109.store.unit import transaction
from identity109 import demo_hub, machine_token, provisioner, repository
from identity109.demo_people import PASSWORD
from identity109.errors import TokenRefused
from identity109.gate import Gate
from identity109.keycloak_staff import KeycloakRefused, connected
from identity109.settings import IdentitySettings, ProvisionerSettings
from ui109 import templating
from ui109.product import HUB

CODES = ["101", "102", "103", "104", "112"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provisioned(own_hub_database: Database) -> AsyncIterator[None]:
    """The hub's people and machines, in the realm and in a database of the tests' own."""
    async with storing(own_hub_database.app):
        async with connected(ProvisionerSettings.from_environment(os.environ, "HUB")) as staff:
            await provisioner.provision_hub(staff, CODES)
        yield


@pytest_asyncio.fixture(loop_scope="session")
async def hub(provisioned: None) -> AsyncIterator[httpx.AsyncClient]:
    gate = Gate.build(
        IdentitySettings.from_environment(os.environ, "HUB"),
        language_of=templating.language_of,
        render=templating.page,
    )
    transport = httpx.ASGITransport(application(gate, *PROBES, product=HUB))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client
    await gate.close()


async def as_person(username: str) -> dict[str, str]:
    settings = IdentitySettings.from_environment(os.environ, "HUB")
    form = {"client_id": os.environ["HUB_DEMO_CLIENT"], "username": username, "password": PASSWORD}
    address = f"{settings.issuer}/protocol/openid-connect/token"
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(address, data={"grant_type": "password", **form})
    tokens: dict[str, Any] = answer.json()
    return {"authorization": f"Bearer {tokens['access_token']}"}


def as_machine(client: str) -> dict[str, str]:
    issuer = IdentitySettings.from_environment(os.environ, "HUB").issuer
    key = Path(os.environ["HUB_MACHINE_KEYS"], f"{client}.pem")
    return {"authorization": f"Bearer {machine_token.obtain(issuer, client, key.read_bytes())}"}


async def test_a_second_provisioning_changes_nothing(provisioned: None) -> None:
    async with connected(ProvisionerSettings.from_environment(os.environ, "HUB")) as staff:
        assert not await provisioner.provision_hub(staff, CODES)


async def test_a_machine_taken_out_of_its_group_is_put_back(provisioned: None) -> None:
    async with connected(ProvisionerSettings.from_environment(os.environ, "HUB")) as staff:
        account = await staff.account("service-account-service-104")
        assert account is not None
        await staff.leave([(account.subject, (await staff.groups())["/services/104/machine"])])

        difference = await provisioner.provision_hub(staff, CODES)

    assert difference.joining == ((account.subject, "/services/104/machine"),)


async def test_a_desk_whose_client_the_realm_lacks_is_said_clearly(provisioned: None) -> None:
    with pytest.raises(KeycloakRefused, match="no client service-199"):
        async with connected(ProvisionerSettings.from_environment(os.environ, "HUB")) as staff:
            await provisioner.provision_hub(staff, [*CODES, "199"])


async def test_every_desk_has_its_operators_its_lead_and_its_machine(provisioned: None) -> None:
    for code in CODES:
        async with transaction(int(code)):
            rows = await repository.people(int(code))
        held = {(row["username"], row["role"]) for row in rows if row["active"]}
        assert held >= {
            (f"operator.{code}", "hub-operator"),
            (f"operator2.{code}", "hub-operator"),
            (demo_hub.LEAD, "hub-lead"),
            (f"service-account-service-{code}", "machine"),
        }


async def test_an_operator_of_103_reads_103_and_not_101(hub: httpx.AsyncClient) -> None:
    headers = await as_person("operator.103")

    assert (await hub.post("/api/v1/hub/103/decide", headers=headers)).json()["kind"] == "person"
    assert (await hub.post("/api/v1/hub/101/decide", headers=headers)).status_code == 404
    assert (await hub.get("/api/v1/hub/103/machine", headers=headers)).status_code == 403


async def test_the_machine_of_103_answers_for_103_and_not_for_101(hub: httpx.AsyncClient) -> None:
    headers = as_machine("service-103")

    assert (await hub.post("/api/v1/hub/103/decide", headers=headers)).json() == {
        "desk": "103",
        "kind": "machine",
    }
    assert (await hub.get("/api/v1/hub/103/machine", headers=headers)).status_code == 200
    assert (await hub.get("/api/v1/hub/101/machine", headers=headers)).status_code == 404
    me = (await hub.get("/api/v1/me", headers=headers)).json()
    assert (me["kind"], [place["slug"] for place in me["workplaces"]]) == ("machine", ["103"])


async def test_a_real_token_of_109_never_passes_at_the_hub_nor_the_reverse(hub: httpx.AsyncClient) -> None:
    token = (await demo_tokens("senior.petropavl"))["access_token"]
    assert (await hub.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})).status_code == 401

    dispatch = Gate.build(
        IdentitySettings.from_environment(os.environ),
        language_of=templating.language_of,
        render=templating.page,
    )
    for headers in (await as_person("lead.112"), as_machine("service-103")):
        with pytest.raises(TokenRefused):
            await dispatch.verifier.verify(headers["authorization"].removeprefix("Bearer "))
    await dispatch.close()
