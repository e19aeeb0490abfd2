"""Makes messages, handoffs and people of the hub for tests, and hears what it says.

What a test does not name is plausible and valid: a gas leak in Petropavl, handed to 103.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from msgspec import UNSET
from msgspec.structs import replace as with_
from tests import makers

from chassis109.bus.subjects import matches
from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox
from chassis109.store.unit import transaction
from hub112.contract import (
    CLOCKS,
    Address,
    Envelope,
    Incident,
    Location,
    Party,
    Point,
    Reply,
    Text,
    Unit,
    Victims,
    agency,
    decode,
    encode,
    stamp,
)
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.desks.model import Handoff
from hub112.intake import handlers as intake
from hub112.provision import desk as desk_tenant
from hub112.replies import handlers as replies
from hub112.replies.service import machine as machine_of
from identity109.actor import Actor

TENANT = "petropavl"
NARRATIVE = "Сильный запах газа на 3 этаже, у жильцов болит голова"
HANDLERS = intake.HANDLERS | replies.HANDLERS


def at_desk(code: str = "103", name: str = "Дәрігер Серік", role: str = "hub-operator") -> Actor:
    """Somebody signed in at a desk."""
    person = makers.person(desk_tenant(code), role)
    return Actor(**{**{f: getattr(person, f) for f in Actor.__dataclass_fields__}, "name": name})


def machine(code: str = "103") -> Actor:
    """The computer-aided dispatch of a desk."""
    return machine_of(desk_tenant(code))


def incident(**changes: Any) -> Incident:
    """A gas leak in a stairwell."""
    usual = Incident(
        type="gas.leak_inside", priority="P0", status="active", created_at=stamp(clock.now()), narrative=NARRATIVE,
        hazards=["gas"], victims=Victims(count=2, trapped=False), services=["101", "103", "104"], lead="101",
        location=Location(
            text=Text(ru="Петропавловск, Интернациональная 30, подъезд 2"), kato="591010000", house="30", entrance="2",
            geo=Point(lat=54.8667, lon=69.15),
        ),
    )  # fmt: skip
    return with_(usual, **changes)


def envelope(kind: str = "create", service: str = "103", tenant: str = TENANT, **changes: Any) -> Envelope:
    """What a 109 says to a desk."""
    now = clock.now()
    usual = Envelope(
        schema="sko.handoff/1.0", message_id=uuid7(), handoff_id=uuid4(),
        incident_id=f"kz.sko.{tenant}.2026.{uuid4().int % 10**9:09d}", kind=kind, mode="live",  # type: ignore[arg-type]
        sender=Party(agency=agency(tenant), service="109", operator_id="u-17", callback="+77152109000"),
        recipient=Party(agency=f"kz.sko.{service}", service=service),  # type: ignore[arg-type]
        sent_at=stamp(now), expires_at=stamp(now + timedelta(seconds=CLOCKS["P0"].expires)), seq=1,
        incident=incident() if kind in {"create", "transfer", "reopen", "update"} else UNSET,
    )  # fmt: skip
    return with_(usual, **changes)


def next_of(first: Envelope, kind: str, seq: int, **changes: Any) -> Envelope:
    """What the same 109 says next about the same handoff."""
    service = str(first.recipient.service)
    tenant = first.sender.agency.split(".")[2]
    same = {"handoff_id": first.handoff_id, "incident_id": first.incident_id, "mode": first.mode, "seq": seq}
    return envelope(kind, service, tenant, **(same | changes))


def answer(first: Envelope, kind: str, seq: int, **changes: Any) -> Envelope:
    """What the machine of the addressed desk says about a handoff."""
    said = next_of(first, kind, seq, incident=UNSET, sender=first.recipient, recipient=first.sender)
    return with_(said, **({"ref_message_id": first.message_id} | changes))


def crew(status: str = "assigned", unit_id: str = "A-7", **changes: Any) -> Unit:
    """An ambulance."""
    usual = Unit(unit_id=unit_id, kind="als", status=status, at=stamp(clock.now()), call_sign="Бригада 7")  # type: ignore[arg-type]
    return with_(usual, **changes)


def subject_of(said: Envelope) -> str:
    """Where a message of a 109 or of a machine belongs."""
    from_desk = said.sender.service != "109"
    service = said.sender.service if from_desk else said.recipient.service
    tenant = (said.recipient if from_desk else said.sender).agency.split(".")[2]
    direction = "reply" if from_desk else "handoff"
    return Address(said.mode, direction, service, tenant, said.handoff_id).subject  # type: ignore[arg-type]


def delivery(said: Envelope | bytes, subject: str = "", **changes: Any) -> Delivery:
    """A message as a consumer gives it to its handler."""
    if isinstance(said, Envelope):
        subject, usual, payload = subject or subject_of(said), said.message_id, encode(said)
    else:
        usual, payload = uuid7(), said
    facts: dict[str, Any] = {"message_id": usual, "at": clock.now(), "source": "HANDOFF:live"} | changes
    return Delivery(subject, payload=payload, **facts)


async def heard(brought: Delivery | Envelope) -> bool:
    """Let the hub work a message as its consumer does; False when its effect was there already."""
    brought = delivery(brought) if isinstance(brought, Envelope) else brought
    handler = next(h for pattern, h in HANDLERS.items() if matches(pattern, brought.subject))
    async with transaction(intake.desk_of(brought.subject)):
        if not await inbox.once(brought.source, brought.message_id):
            return False
        await handler(brought)
    return True


async def handed_over(**changes: Any) -> Envelope:
    """A handoff that has just reached its desk; the message by which it did."""
    first = envelope(**changes)
    await heard(first)
    return first


async def accepted(**changes: Any) -> tuple[Envelope, Actor]:
    """A handoff that its desk has accepted, and who did."""
    first = await handed_over(**changes)
    by = at_desk(str(first.recipient.service))
    await desks.see(first.handoff_id, by)
    await desks.accept(first.handoff_id, by)
    return first, by


async def stands(first: Envelope) -> Handoff:
    """The handoff as its desk has it now."""
    return await reading.handoff(first.handoff_id, at_desk(str(first.recipient.service)))


@dataclass(frozen=True)
class Sent:
    """A message in the outbox."""

    subject: str
    key: str
    envelope: Envelope


async def outbox(superuser: asyncpg.Connection, handoff_id: UUID, direction: str = "return") -> list[Sent]:
    """What was said about a handoff in one direction, in the order in which it leaves."""
    rows = await superuser.fetch(
        "SELECT subject, key, payload FROM chassis.outbox WHERE subject LIKE $1 ORDER BY id",
        f"hub.%.{handoff_id}" if direction == "cross" else f"sko.%.{direction}.%.{handoff_id}",
    )
    return [Sent(row["subject"], row["key"], decode(row["payload"])) for row in rows]


async def crossing(superuser: asyncpg.Connection, incident_id: str) -> list[Delivery]:
    """What desks have said to each other about an incident, ready to be delivered."""
    rows = await superuser.fetch(
        "SELECT subject, payload, message_id FROM chassis.outbox WHERE subject LIKE 'hub.%' ORDER BY id"
    )
    found = [(row, decode(row["payload"])) for row in rows]
    return [
        Delivery(row["subject"], row["message_id"], row["payload"], clock.now(), source="CROSS:live")
        for row, said in found
        if said.incident_id == incident_id
    ]


async def told(superuser: asyncpg.Connection, about: Envelope, direction: str = "return") -> str:
    """The error that answered a message, '' when there was none."""
    sent = await outbox(superuser, about.handoff_id, direction)
    errors = [s.envelope for s in sent if s.envelope.ref_message_id == about.message_id and s.envelope.error]
    assert len(errors) <= 1
    return str(errors[0].error.name) if errors else ""  # type: ignore[union-attr]


async def put_aside(superuser: asyncpg.Connection, message_id: UUID) -> str | None:
    """Why a message lies in the quarantine; None when it does not."""
    found: str | None = await superuser.fetchval(
        "SELECT error FROM chassis.quarantine WHERE message_id = $1", message_id
    )
    return found


def ago(seconds: float) -> datetime:
    """A moment that has passed."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


def reply(**said: Any) -> Reply:
    """What a service decided."""
    return Reply(**said)
