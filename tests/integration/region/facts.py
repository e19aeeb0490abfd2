"""Makes facts as tenants tell them, and the batches in which they reach the region. What a test does not name is
plausible."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.store import unit
from region109 import contract
from region109.contract import AuditHeadFact, ConsultationFact, Fact, HandoffFact, PulseFact, TicketFact
from region109.feed import service as feed

HOME = 100
NOON = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # a Monday, noon in Almaty
MONDAY = NOON.date()
WATER, SNOW = "water-no-supply", "snow-road"
TABLES = ("ticket", "handoff", "consultation", "audit_head", "heard", "refused", "daily", "overdue")


def ticket(tenant: str = "esil", version: int = 1, **more: Any) -> TicketFact:
    said: dict[str, Any] = {
        "id": uuid7(), "reference": "109-26-000001", "category": WATER, "service": "water", "service_kind": "water",
        "state": "assigned", "priority": 2, "opened_at": NOON, "updated_at": NOON + timedelta(minutes=version),
        "react_by": NOON + timedelta(hours=1), "due_at": NOON + timedelta(days=1),
        "statutory_due": NOON + timedelta(days=21), "paused_at": None, "unanswered": 0, "reopened": 0, "done_at": None,
        "closed_at": None, "confirmed": None, "point": (66.404, 51.958), "origin": None, "origin_reference": None,
    }  # fmt: skip
    return TicketFact(tenant=tenant, version=version, **{**said, **more})


def handoff(tenant: str = "esil", version: int = 1, **more: Any) -> HandoffFact:
    said: dict[str, Any] = {
        "id": uuid7(), "incident": f"kz.sko.{tenant}.2026.17", "kind": "fire", "mode": "live", "service": "101",
        "state": "created", "priority": "P1", "sent_at": NOON, "hub_at": None, "receipt_at": None, "seen_at": None,
        "decided_at": None, "unit_at": None, "ended_at": None, "decide_by": NOON + timedelta(seconds=90),
        "late": False, "alarm": None,
    }  # fmt: skip
    return HandoffFact(tenant=tenant, version=version, **{**said, **more})


def consultation(
    tenant: str = "esil", count: int = 1, day: date = MONDAY, category: str | None = WATER
) -> ConsultationFact:
    return ConsultationFact(tenant=tenant, day=day, category=category, count=count)


def head(number: int, seq: int, digest: str = "ab" * 32) -> AuditHeadFact:
    return AuditHeadFact(tenant=number, seq=seq, last_id=seq * 10, digest=digest, sealed_at=NOON)


def pulse(tenant: str = "esil", **more: Any) -> PulseFact:
    said = {"at": NOON, "waiting": 0, "since": NOON - timedelta(days=1), "tickets": 0, "versions": 0}
    return PulseFact(tenant=tenant, **{**said, **more})


_KINDS = {
    TicketFact: "ticket", HandoffFact: "handoff", ConsultationFact: "consultation", AuditHeadFact: "audit",
}  # fmt: skip


def subject_of(fact: Fact, slug: str = "") -> str:
    return contract.feed(slug or getattr(fact, "tenant", ""), _KINDS[type(fact)])


def delivery(subject: str, payload: bytes, sequence: int, stream: str = "FEED") -> Delivery:
    """A message of a stream; each comes a second after the one before."""
    at = NOON + timedelta(seconds=sequence)
    return Delivery(subject, UUID(int=sequence), payload, at, 1, f"{stream}:region", sequence)


def feed_of(facts: Iterable[Fact], first: int = 1, slug: str = "") -> list[Delivery]:
    """The facts as the stream holds them; `slug` says who sent them when they do not say it themselves."""
    return [
        delivery(subject_of(fact, slug), contract.encode(fact), number)
        for number, fact in enumerate(facts, first)
    ]


async def project(*batches: Sequence[Delivery]) -> None:
    """Take batches as the worker does."""
    for batch in batches:
        async with unit.transaction(HOME):
            await feed.project(batch)


async def hear(*batch: PulseFact, first: int = 1) -> None:
    """Take pulses as the worker does."""
    said = [
        delivery(contract.pulse(one.tenant), contract.encode(one), number, "PULSE")
        for number, one in enumerate(batch, first)
    ]
    async with unit.transaction(HOME):
        await feed.heard(said)


def torn(deliveries: Sequence[Delivery], random: Random, most: int = 7) -> list[list[Delivery]]:
    """The deliveries in batches of any size, each in the order of the stream, as the consumer gives them."""
    left, batches = list(deliveries), []
    while left:
        size = random.randint(1, most)
        batches.append(sorted(left[:size], key=lambda one: one.sequence))
        left = left[size:]
    return batches


COUNTED = (
    "registered", "consulted", "closed", "on_time", "did_not_react", "reopened", "confirmed",
)  # fmt: skip


async def tables(*, without: Sequence[str] = ()) -> dict[str, list[str]]:
    """Everything the projection holds, but when a refusal was noted; days on which nothing counts are left out."""
    found = {}
    async with unit.transaction(HOME):
        for table in TABLES:
            if table not in without:
                row = "to_jsonb(t) - 'heard_at'" if table == "refused" else "to_jsonb(t)"
                kept = f"({', '.join(COUNTED)}) <> (0, 0, 0, 0, 0, 0, 0)" if table == "daily" else "true"
                rows = await unit.fetch(f"SELECT {row} AS row FROM region.{table} t WHERE {kept}")
                found[table] = sorted(row["row"] for row in rows)
    return found
