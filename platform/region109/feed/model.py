"""What a batch of facts comes to: which are new, which came too late, and what each tenant has said by them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from chassis109.kernel.messages import Delivery
from region109.contract import (
    FACT_KINDS,
    AuditHeadFact,
    ConsultationFact,
    Fact,
    HandoffFact,
    MessageRefused,
    TicketFact,
    decode_fact,
)

UNNAMED = ""
"""The category of a consultation that named none."""

Object = tuple[str, int, UUID | tuple[object, str] | int]
"""Kind, territory, and which one."""


@dataclass(frozen=True, slots=True)
class Said:
    """A fact that may stand: who said it, and where it stands in the stream."""

    territory: int
    seq: int
    at: datetime
    fact: Fact

    @property
    def object(self) -> Object:
        """What it is about."""
        fact = self.fact
        if isinstance(fact, ConsultationFact):
            return "consultation", self.territory, (fact.day, fact.category or UNNAMED)
        if isinstance(fact, AuditHeadFact):
            return "audit", self.territory, fact.seq
        return "ticket" if isinstance(fact, TicketFact) else "handoff", self.territory, fact.id

    @property
    def version(self) -> int:
        """How new it is among the facts of its object; a head of the audit never changes."""
        fact = self.fact
        if isinstance(fact, ConsultationFact):
            return fact.count
        return 1 if isinstance(fact, AuditHeadFact) else fact.version

    @property
    def category(self) -> str | None:
        """The category it names."""
        return self.fact.category if isinstance(self.fact, TicketFact | ConsultationFact) else None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message without effect, and why."""

    delivery: Delivery
    territory: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused message as it stays in sight: everything but what it said."""

    seq: int
    subject: str
    territory: int | None
    reason: str
    size: int
    digest: bytes
    said_at: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands of an object: the newest version, the message that said it first, and of a head its digest."""

    version: int
    seq: int
    digest: str = ""


@dataclass(slots=True)
class Tally:
    """What a tenant has said in a batch. `facts`: how many versions the region knows more of."""

    heard_at: datetime
    fact_at: datetime | None = None
    facts: int = 0
    tickets: int = 0
    versions: int = 0
    refused: int = 0


@dataclass(slots=True)
class Sifted:
    """The newest fact of each object that is newer than what stands, and those that were refused."""

    fresh: dict[Object, Said] = field(default_factory=dict)
    late: list[Said] = field(default_factory=list)
    other: list[Said] = field(default_factory=list)


def judged(delivery: Delivery, territories: Mapping[str, int]) -> Said | Rejected:
    """A message of FEED as a fact, or why it is none. Categories are judged later, all together."""
    parts = delivery.subject.split(".")
    territory = territories.get(parts[2]) if len(parts) > 2 else None
    if territory is None:
        return Rejected(delivery, None, "unknown-tenant")
    try:
        fact = decode_fact(delivery.subject, delivery.payload)
    except MessageRefused as refused:
        return Rejected(delivery, territory, refused.reason)
    if isinstance(fact, AuditHeadFact) and fact.tenant != territory:
        return Rejected(delivery, territory, "sender")
    return Said(territory, delivery.sequence, delivery.at, fact)


def sift(said: Iterable[Said], stored: Mapping[Object, Mark]) -> Sifted:
    """Sort the facts of a batch, given in the order of the stream, by what stands of their objects.

    A higher version wins. Of one version the message that said it first is remembered, so that the order in which
    messages come does not show. An older version is late only behind a newer one in the stream: one that was
    delivered twice, or with others in between, is no news. A head of the audit that differs from the one that was
    told before is `other`.
    """
    found, marks = Sifted(), dict(stored)
    for one in said:
        mark, version = marks.get(one.object), one.version
        digest = one.fact.digest if isinstance(one.fact, AuditHeadFact) else ""
        if mark is None or version > mark.version or (version == mark.version and one.seq < mark.seq):
            found.fresh[one.object] = one
            marks[one.object] = Mark(version, one.seq, digest)
        elif digest != mark.digest:
            found.other.append(one)
        elif version < mark.version and one.seq > mark.seq:
            found.late.append(one)
    return found


def tallied(said: Iterable[Said], sifted: Sifted, stored: Mapping[Object, Mark]) -> dict[int, Tally]:
    """What each tenant has said: every fact counts as heard, and only what is new as known."""
    tallies: dict[int, Tally] = {}
    for one in said:
        tally = tallies.setdefault(one.territory, Tally(one.at, one.at))
        tally.heard_at = tally.fact_at = max(one.at, tally.heard_at)
    for thing, one in sifted.fresh.items():
        tally, mark = tallies[one.territory], stored.get(thing)
        more = one.version - (mark.version if mark else 0)
        tally.facts += more
        if isinstance(one.fact, TicketFact):
            tally.tickets += mark is None
            tally.versions += more
    return tallies


def tickets(sifted: Sifted) -> list[Said]:
    """The fresh facts about tickets."""
    return [one for one in sifted.fresh.values() if isinstance(one.fact, TicketFact)]


def handoffs(sifted: Sifted) -> list[Said]:
    """The fresh facts about handoffs."""
    return [one for one in sifted.fresh.values() if isinstance(one.fact, HandoffFact)]


def refusal(rejected: Rejected, territories: Mapping[str, int], at: datetime) -> Refusal:
    """A refused message as it stays in sight."""
    delivery = rejected.delivery
    return Refusal(
        delivery.sequence, _in_sight(delivery.subject, territories), rejected.territory, rejected.reason,
        len(delivery.payload), sha256(delivery.payload).digest(), delivery.at, at,
    )  # fmt: skip


def _in_sight(subject: str, territories: Mapping[str, int]) -> str:
    """The subject of a refused message with `?` for each word that the contract does not know: its sender may have
    written anything there."""
    parts = subject.split(".")
    known = {"sko", "feed", "pulse", "answer", *FACT_KINDS, *territories}
    return ".".join(part if part in known else "?" for part in parts[:5])
