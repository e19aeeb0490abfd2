"""A warning goes to its area and nowhere else; who has read it is known, and calling it off reaches everybody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.databases import Database

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox, unit
from chassis109.store.idempotency import RequestKey
from chassis109.store.unit import transaction
from identity109.actor import Actor
from region109 import contract
from region109.alerts import service as alerts
from region109.alerts.model import AlertIsOver, Receipt, Wish
from region109.answers import on_answer
from region109.contract import AlertAnswer
from region109.territories.model import HOME_ID
from tenancy109 import directory


@pytest.fixture
async def commander(region: Database) -> Actor:
    home = await directory.find("sko")
    assert home is not None
    return Actor(
        subject=uuid7(), name="Сәуле Есенова", kind="person", tenant=home, roles=frozenset({"region-command"}),
        service=None, language="kk", session_id=None,
    )  # fmt: skip


def wish(**more: Any) -> Wish:
    usual = {
        "kind": "blizzard", "kk": "Боран", "ru": "Буран", "en": "Blizzard", "territories": ("esil", "aqzhar"),
        "expires_at": clock.now() + timedelta(hours=6),
    }  # fmt: skip
    return Wish(**{**usual, **more})


async def orders(alert: UUID) -> dict[str, contract.Alert]:
    async with transaction(HOME_ID):
        rows = await unit.fetch(
            "SELECT subject, payload FROM chassis.outbox WHERE key LIKE $1 ORDER BY id", f"{alert}:%"
        )
    said = [contract.decode_order(row["subject"], row["payload"]) for row in rows]
    return {one.tenant: one for one in said if isinstance(one, contract.Alert)}


async def deliver(answer: AlertAnswer, sequence: int = 1) -> None:
    delivery = Delivery(
        contract.answer(answer.tenant),
        uuid7(),
        contract.encode(answer),
        clock.now(),
        1,
        "ANSWER:region",
        sequence,
    )
    async with transaction(HOME_ID):
        if await inbox.once(delivery.source, delivery.message_id):
            await on_answer(delivery)


def said(alert: UUID, tenant: str, by: str | None, version: int = 1) -> AlertAnswer:
    return AlertAnswer(id=alert, tenant=tenant, version=version, at=clock.now(), by=by)


async def receipt(alert: UUID, territory: str, commander: Actor) -> Receipt:
    return next(one for one in (await alerts.read(alert, commander)).receipts if one.territory == territory)


async def test_a_warning_leaves_once_for_each_territory_of_its_area(commander: Actor) -> None:
    key = RequestKey(commander.subject, "once", b"digest")

    first, second = await alerts.issue(wish(), commander, key), await alerts.issue(wish(), commander, key)

    assert first.id == second.id
    assert set(await orders(first.id)) == {"esil", "aqzhar"}
    assert {one.territory for one in first.receipts} == {"esil", "aqzhar"}


async def test_it_is_known_where_it_has_arrived_and_who_read_it_first(commander: Actor) -> None:
    issued = await alerts.issue(wish(), commander)

    await deliver(said(issued.id, "esil", None))
    assert (await receipt(issued.id, "esil", commander)).arrived_version == 1
    await deliver(said(issued.id, "esil", "Әлия"))
    await deliver(said(issued.id, "esil", "Ерлан"))

    assert (await receipt(issued.id, "esil", commander)).read_by == "Әлия"
    kept = await alerts.read(issued.id, commander)
    assert [one.territory for one in kept.unread] == ["aqzhar"]
    assert kept.receipts[0].territory == "aqzhar", "who has not read it stands first"


async def test_an_answer_from_outside_the_area_or_about_nothing_is_refused_in_sight(
    commander: Actor, superuser: asyncpg.Connection
) -> None:
    issued = await alerts.issue(wish(), commander)

    await deliver(said(issued.id, "petropavl", "Әлия"), 21)
    await deliver(said(uuid7(), "esil", "Әлия"), 22)
    await deliver(said(issued.id, "esil", "Әлия", version=9), 23)

    rows = await superuser.fetch("SELECT reason FROM region.refused WHERE seq > 20 ORDER BY seq")
    assert [row["reason"] for row in rows] == ["unknown-alert"] * 3
    assert len((await alerts.read(issued.id, commander)).unread) == 2


async def test_what_is_called_off_is_called_off_everywhere_and_only_once(commander: Actor) -> None:
    issued = await alerts.issue(wish(), commander)

    over = await alerts.cancel(issued.id, commander)

    assert (over.version, over.cancelled_name) == (2, commander.name)
    assert {slug: one.version for slug, one in (await orders(issued.id)).items()} == {"esil": 2, "aqzhar": 2}
    assert all(one.cancelled_at for one in (await orders(issued.id)).values())
    with pytest.raises(AlertIsOver):
        await alerts.cancel(issued.id, commander)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"kk": ""}, "kk"),
        ({"ru": "x" * 501}, "ru"),
        ({"en": " "}, "en"),
        ({"territories": ()}, "territories"),
        ({"territories": ("esil", "almaty")}, "territories"),
        ({"expires_at": None}, "expires_at"),
        ({"expires_at": clock.now() - timedelta(minutes=1)}, "expires_at"),
    ],
)
async def test_a_wrong_warning_says_which_field_is_wrong(
    more: dict[str, Any], field: str, commander: Actor
) -> None:
    with pytest.raises(Invalid) as refused:
        await alerts.issue(wish(**more), commander)

    assert field in {error.field for error in refused.value.errors}
