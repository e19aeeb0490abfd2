"""Makes emergencies of 109 and what the hub returns about them. What a test does not name is plausible."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox
from chassis109.store.unit import transaction
from dispatch109.emergencies import reading
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies.handlers import HANDLERS
from dispatch109.emergencies.model import Handoff, Incident
from dispatch109.emergencies.reading import Emergency
from dispatch109.emergencies.said import Said
from hub112 import contract
from hub112.contract import Envelope, Fault, Location, Party, Reply, Text, Unit, agency, decode, encode, stamp
from identity109.actor import Actor
from tenancy109.model import Tenant

RETURNS = "sko.*.return.*.*.*"


def said(**changes: Any) -> Said:
    """Somebody smells gas."""
    usual = Said(
        type="gas.leak_inside", services=("103",), phone="8 705 123 45 67", applicant="Айгүл Сәрсенова", language="kk",
        text="Газ иісі шығып тұр", address="Жұмабаев көшесі 109", hazards=("gas",),
    )  # fmt: skip
    return replace(usual, **changes)


async def handed(actor: Actor, **changes: Any) -> tuple[Incident, Handoff]:
    """An emergency that was just handed off, and its first handoff."""
    incident = await emergencies.hand_off(said(**changes), actor)
    return incident, (await seen(incident, actor)).handoffs[0]


async def seen(incident: Incident, actor: Actor) -> Emergency:
    """All of it as it is now."""
    return await reading.emergency(str(incident.id), actor)


async def now(handoff: Handoff, actor: Actor) -> Handoff:
    """The handoff as it is now."""
    found = await reading.emergency(str(handoff.incident_id), actor)
    return next(h for h in found.handoffs if h.id == handoff.id)


def unit(status: str, unit_id: str = "a1", **more: Any) -> Unit:
    """A crew."""
    return Unit(unit_id=unit_id, kind="als", status=status, at=stamp(clock.now()), call_sign="А-1", **more)


def told() -> contract.Incident:
    """What a desk says of an incident when it hands it on."""
    where = Location(text=Text(kk="Жұмабаев көшесі 109"))
    return contract.Incident(
        type="gas.leak_inside", priority="P0", status="active", created_at=stamp(clock.now()), location=where
    )


def fault(name: str, code: int = 50) -> Fault:
    """An answer of the catalogue."""
    return Fault(code=code, name=name, text="it was refused")


@dataclass(frozen=True)
class Hub:
    """Returns messages to one tenant, as the hub does."""

    tenant: Tenant

    def message(self, incident: Incident, handoff: Handoff, kind: str, seq: int, /, **more: Any) -> Envelope:
        """A message about a handoff."""
        usual = {
            "schema": "sko.handoff/1.0", "message_id": uuid7(), "handoff_id": handoff.id, "kind": kind, "seq": seq,
            "incident_id": incident.reference(self.tenant.slug), "mode": incident.mode,
            "sender": Party(agency=f"kz.sko.{handoff.service}", service=handoff.service),
            "recipient": Party(agency=agency(self.tenant.slug), service="109"), "sent_at": stamp(clock.now()),
            "expires_at": stamp(handoff.expires_at), "ref_message_id": handoff.message_id,
        }  # fmt: skip
        return Envelope(**{**usual, **more})

    async def returns(
        self,
        incident: Incident,
        handoff: Handoff,
        kind: str,
        seq: int,
        /,
        *,
        at: datetime | None = None,
        **more: Any,
    ) -> Envelope:
        """Deliver a message about a handoff; `at` is when the stream stored it."""
        message = self.message(incident, handoff, kind, seq, **more)
        await self.deliver(encode(message), self.subject(message, handoff.service), message.message_id, at)
        return message

    def subject(self, message: Envelope, service: str) -> str:
        """Where it comes from."""
        return f"sko.{message.mode}.return.{self.tenant.slug}.{service}.{message.handoff_id}"

    async def deliver(
        self, payload: bytes, subject: str, message_id: UUID | None = None, at: datetime | None = None
    ) -> None:
        """One message, one transaction: inbox and effect, as the consumer does it."""
        delivery = Delivery(subject, message_id or uuid7(), payload, at or clock.now(), 1, self.source)
        async with transaction(self.tenant.id):
            if await inbox.once(delivery.source, delivery.message_id):
                await HANDLERS[RETURNS](delivery)

    @property
    def source(self) -> str:
        """The durable of the tenant."""
        return f"{self.tenant.slug}-live"

    async def accepts(self, incident: Incident, handoff: Handoff, first: int = 1) -> int:
        """Receipt, seen, accept; the number of the next message."""
        for seq, kind in enumerate(("receipt", "seen", "accept"), first):
            more = {"reply": Reply(decided_by="Дәулет", external_id="C-7")} if kind == "accept" else {}
            await self.returns(incident, handoff, kind, seq, **more)
        return first + 3


async def put_aside(superuser: asyncpg.Connection, tenant: Tenant) -> list[str]:
    """Why messages of a tenant were put aside, oldest first."""
    rows = await superuser.fetch(
        "SELECT error FROM chassis.quarantine WHERE tenant_id = $1 ORDER BY at, message_id", tenant.id
    )
    return [row["error"] for row in rows]


async def relayed(superuser: asyncpg.Connection, tenant: Tenant) -> None:
    """The relay has carried everything away."""
    await superuser.execute(
        "UPDATE chassis.outbox SET published_at = now() WHERE tenant_id = $1 AND published_at IS NULL",
        tenant.id,
    )


async def sent(superuser: asyncpg.Connection, handoff: Handoff) -> list[Envelope]:
    """What 109 said about a handoff, in order."""
    rows = await superuser.fetch(
        "SELECT payload FROM chassis.outbox WHERE key = $1 ORDER BY id", str(handoff.id)
    )
    return [decode(row["payload"]) for row in rows]
