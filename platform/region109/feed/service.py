"""Facts become the projection. A batch is one transaction; one at a time projects, workers and rebuild take turns.

Everything is idempotent by territory, object and version: a message may come twice, late, in any order, or be said
again as a whole (docs/decisions/0023).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from chassis109.bus.announce import announce
from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from chassis109.kernel.messages import Delivery
from chassis109.observe import metrics
from chassis109.store import journal
from chassis109.store.journal import AuditEntry, OutboxMessage
from chassis109.store.unit import after_commit
from region109.contract import (
    STALE_SECONDS,
    AuditHeadFact,
    ConsultationFact,
    MessageRefused,
    PulseFact,
    Resend,
    decode_pulse,
    encode,
    mandate,
)
from region109.feed import model, repository
from region109.feed.model import Rejected, Said, Sifted, Tally
from tenancy109.model import REGION

EVER = timedelta(days=30)
"""A pulse about tickets older than this speaks of all of them: tenants say either since yesterday or since ever."""
LOOK_SECONDS = 60.0
"""How often somebody looks whether a day has ended."""
ALMATY = ZoneInfo("Asia/Almaty")


class Gap(Struct, frozen=True):
    """How well a territory is heard. `seconds` since it was heard last, None: never; `stale_since` when it is silent
    for too long; `waiting` facts have not left it; what it has told of more than is known here is missing."""

    territory: int
    slug: str
    heard_at: datetime | None
    seconds: float | None
    stale_since: datetime | None
    fact_at: datetime | None
    waiting: int
    missing_tickets: int
    missing_versions: int
    facts: int
    refused: int
    stale: bool


async def project(batch: Sequence[Delivery]) -> None:
    """Take a batch of FEED into the tables; raises Occupied when it is not our turn."""
    await repository.take_turn()
    await repository.add(await _take(batch, counting=True))
    after_commit(lambda: announce(REGION, "wall", "", batch[-1].sequence))


async def begin_again() -> None:
    """Keep everybody else from projecting until the transaction ends; raises Occupied when somebody else does."""
    await repository.take_turn()


async def forget(first: Delivery) -> None:
    """Delete what this message and those after it have said: they are read again now."""
    await repository.forget(first.sequence, first.at)


async def reread(batch: Sequence[Delivery]) -> None:
    """Take a batch once more; what is counted is counted at the end."""
    await _take(batch, counting=False)


async def recount(*, reread: bool) -> int:
    """Work out all figures anew; how many rows of region.daily came out otherwise."""
    return await repository.recount(reread)


async def ask_again(since: datetime | None = None) -> list[str]:
    """Order every active tenant to say its facts again; the slugs."""
    slugs = [gap.slug for gap in await gaps()]
    orders = [Resend(id=uuid7(), tenant=slug, since=since) for slug in slugs]
    await journal.write(
        None,
        "system",
        [
            AuditEntry("facts.asked_again", "territory", order.tenant, {"order": str(order.id)})
            for order in orders
        ],
        [OutboxMessage(mandate(one.tenant), str(one.id), encode(one), one.id) for one in orders],
    )
    return slugs


async def _take(batch: Sequence[Delivery], *, counting: bool) -> dict[int, Tally]:
    """Write what is new of a batch and refuse what is none; what each tenant has said by it."""
    territories = await repository.territories()
    judged = [model.judged(delivery, territories) for delivery in batch]
    said = await _of_known_categories([one for one in judged if isinstance(one, Said)])
    rejected = [one for one in judged if isinstance(one, Rejected)]
    stood = await repository.stored(said.known)
    sifted = model.sift(said.known, stood)
    await _write(sifted, counting)
    tallies = model.tallied(said.known, sifted, stood)
    deliveries = {delivery.sequence: delivery for delivery in batch}
    for reason, ones in (
        ("unknown-category", said.unknown),
        ("old-version", sifted.late),
        ("digest", sifted.other),
    ):
        rejected += [Rejected(deliveries[one.seq], one.territory, reason) for one in ones]
    await _refuse("FEED", rejected, territories, tallies)
    return tallies


class _Sorted(Struct):
    known: list[Said]
    unknown: list[Said]


async def _of_known_categories(said: list[Said]) -> _Sorted:
    """Facts that name a category of which the registry knows nothing stand apart; a retired one is known."""
    named = {(one.territory, one.category) for one in said if one.category is not None}
    unknown = named - await repository.categories((where, code) for where, code in named) if named else set()
    return _Sorted(
        [one for one in said if (one.territory, one.category) not in unknown],
        [one for one in said if (one.territory, one.category) in unknown],
    )


async def _write(sifted: Sifted, counting: bool) -> None:
    fresh = list(sifted.fresh.values())
    await repository.write_tickets(model.tickets(sifted), counting)
    await repository.write_handoffs(model.handoffs(sifted))
    counts = [(one, one.fact) for one in fresh if isinstance(one.fact, ConsultationFact)]
    await repository.write_consultations(counts, counting)
    await repository.write_heads([(one, one.fact) for one in fresh if isinstance(one.fact, AuditHeadFact)])


async def heard(batch: Sequence[Delivery]) -> None:
    """Take the pulses of a batch; of each tenant the last counts. They do not wait for the facts' turn."""
    territories = await repository.territories()
    pulses: dict[int, tuple[datetime, PulseFact, bool]] = {}
    rejected = []
    for delivery in batch:
        territory = territories.get(delivery.subject.split(".")[-1])
        try:
            fact = decode_pulse(delivery.subject, delivery.payload)
        except MessageRefused as refused:
            rejected.append(Rejected(delivery, territory, refused.reason if territory else "unknown-tenant"))
            continue
        if territory is None:
            rejected.append(Rejected(delivery, None, "unknown-tenant"))
        else:
            pulses[territory] = delivery.at, fact, fact.since < fact.at - EVER
    tallies: dict[int, Tally] = {}
    await repository.hold_heard()
    await _refuse("PULSE", rejected, territories, tallies)
    await repository.add(tallies)
    await repository.write_pulses(pulses)
    after_commit(lambda: announce(REGION, "pulse", "", batch[-1].sequence))


async def refuse(delivery: Delivery, reason: str = "unstorable") -> None:
    """Put a message in sight that has no effect: the database would not take it, or it answers nothing."""
    territories = await repository.territories()
    parts = delivery.subject.split(".")
    territory = territories.get(parts[2]) if len(parts) > 2 else None
    tallies: dict[int, Tally] = {}
    stream = delivery.source.partition(":")[0]
    await _refuse(stream, [Rejected(delivery, territory, reason)], territories, tallies)
    await repository.add(tallies)


async def _refuse(
    stream: str, rejected: Sequence[Rejected], territories: Mapping[str, int], tallies: dict[int, Tally]
) -> None:
    """Note what was refused, and count what had not been noted before with its sender."""
    if not rejected:
        return
    now = clock.now()
    noted = await repository.refuse(stream, [model.refusal(one, territories, now) for one in rejected])
    for one in rejected:
        if one.territory is not None:
            tallies.setdefault(one.territory, Tally(one.delivery.at))
    slugs = {number: slug for slug, number in territories.items()}
    for territory, reason in noted:
        if territory is not None:
            tallies[territory].refused += 1
        after_commit(metrics.FACTS_REFUSED.labels(slugs.get(territory or 0, "?"), reason).inc)


async def gaps() -> list[Gap]:
    """How well each territory is heard, in the order of their numbers."""
    now, found = clock.now(), []
    for row in await repository.gaps():
        at = row["heard_at"]
        seconds = None if at is None else max(0.0, (now - at).total_seconds())
        stale = seconds is None or seconds > STALE_SECONDS
        found.append(Gap(**dict(row), seconds=seconds, stale=stale, stale_since=at if stale else None))
    return found


async def end_day() -> None:
    """Write what was open and overdue at the end of yesterday, unless that is done: the first time that anybody looks
    after midnight, from what is known then. A day after which nobody looked until the next midnight stays without."""
    today = clock.now().astimezone(ALMATY).date()
    yesterday = today - timedelta(days=1)
    if await repository.has_ended(yesterday):
        return
    await repository.take_turn()
    await repository.end_day(yesterday, datetime(today.year, today.month, today.day, tzinfo=ALMATY))
