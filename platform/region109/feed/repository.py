"""What the feed reads and writes; the statements stand in statements.py."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from chassis109.kernel.errors import Unavailable
from chassis109.store import unit
from region109.contract import AuditHeadFact, ConsultationFact, PulseFact
from region109.feed import statements
from region109.feed.model import UNNAMED, Mark, Object, Refusal, Said, Tally

_LOCK = 1096
"""Whoever projects facts holds it until its transaction ends: workers and the rebuild take turns."""
_WAIT = "2s"


class Occupied(Unavailable):
    """The facts are being read again; this batch waits its turn."""


async def take_turn() -> None:
    """Be the one that projects until the transaction ends; raises Occupied when somebody is at it for long."""
    try:
        await unit.execute(
            f"SET LOCAL lock_timeout = '{_WAIT}'; SELECT pg_advisory_xact_lock({_LOCK});"
            " SET LOCAL lock_timeout TO DEFAULT"
        )
    except asyncpg.LockNotAvailableError as held:
        raise Occupied from held


async def territories() -> dict[str, int]:
    """Slug → number of every tenant that may have spoken, also of one that is closed now."""
    return {row["slug"]: row["id"] for row in await unit.fetch("SELECT slug, id FROM region.territory")}


async def categories(named: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    """Which of these (territory, code) the registry knows or knew."""
    pairs = list(named)
    rows = await unit.fetch(
        "SELECT territory, code FROM region.category"
        " JOIN unnest($1::smallint[], $2::text[]) AS n(territory, code) USING (territory, code)",
        [territory for territory, _ in pairs],
        [code for _, code in pairs],
    )
    return {(row["territory"], row["code"]) for row in rows}


async def stored(said: Iterable[Said]) -> dict[Object, Mark]:
    """What stands of the objects that these facts are about."""
    things: dict[str, list[Object]] = {}
    for one in {one.object for one in said}:
        things.setdefault(one[0], []).append(one)
    marks: dict[Object, Mark] = {}
    for kind, objects in things.items():
        marks |= await _MARKS[kind]([one[1] for one in objects], [one[2] for one in objects])
    return marks


async def _marks(table: str, where: Sequence[int], ids: Sequence[object]) -> dict[Object, Mark]:
    rows = await unit.fetch(
        f"SELECT t.territory, t.id, t.version, t.seq FROM unnest($1::smallint[], $2::uuid[]) AS k(territory, id)"
        f" JOIN region.{table} t USING (territory, id)",
        where,
        ids,
    )
    return {(table, row["territory"], row["id"]): Mark(row["version"], row["seq"]) for row in rows}


async def _ticket_marks(where: Sequence[int], ids: Sequence[object]) -> dict[Object, Mark]:
    return await _marks("ticket", where, ids)


async def _handoff_marks(where: Sequence[int], ids: Sequence[object]) -> dict[Object, Mark]:
    return await _marks("handoff", where, ids)


async def _consultation_marks(where: Sequence[int], ids: Sequence[tuple[date, str]]) -> dict[Object, Mark]:
    rows = await unit.fetch(
        "SELECT c.* FROM unnest($1::smallint[], $2::date[], $3::text[]) AS k(territory, day, category)"
        " JOIN region.consultation c USING (territory, day, category)",
        where,
        [day for day, _ in ids],
        [category for _, category in ids],
    )
    return {
        ("consultation", row["territory"], (row["day"], row["category"])): Mark(row["count"], row["seq"])
        for row in rows
    }


async def _head_marks(where: Sequence[int], ids: Sequence[object]) -> dict[Object, Mark]:
    rows = await unit.fetch(
        "SELECT a.territory, a.seq, a.digest FROM unnest($1::smallint[], $2::bigint[]) AS k(territory, seq)"
        " JOIN region.audit_head a USING (territory, seq)",
        where,
        ids,
    )
    return {("audit", row["territory"], row["seq"]): Mark(1, 0, row["digest"]) for row in rows}


_MARKS: dict[str, Any] = {
    "ticket": _ticket_marks, "handoff": _handoff_marks, "consultation": _consultation_marks, "audit": _head_marks,
}  # fmt: skip


async def write_tickets(said: Sequence[Said], counting: bool) -> None:
    """Write the newest facts about tickets, and move the figures of their days unless they are counted later."""
    if said:
        await unit.execute(
            statements.WRITE_TICKETS + (statements.COUNTED if counting else statements.ONLY), *_columns(said)
        )


async def write_handoffs(said: Sequence[Said]) -> None:
    """Write the newest facts about handoffs."""
    if said:
        await unit.execute(statements.WRITE_HANDOFFS, *_columns(said))


async def write_consultations(said: Sequence[tuple[Said, ConsultationFact]], counting: bool) -> None:
    """Write the counts of days, and move the figures of these days by what they have grown."""
    if said:
        await unit.execute(
            statements.WRITE_CONSULTATIONS + (statements.CONSULTED if counting else statements.ONLY),
            [one.territory for one, _ in said],
            [fact.day for _, fact in said],
            [fact.category or UNNAMED for _, fact in said],
            [fact.count for _, fact in said],
            [one.seq for one, _ in said],
        )


async def write_heads(said: Sequence[tuple[Said, AuditHeadFact]]) -> None:
    """Keep heads of audit chains; what was told once stays."""
    if said:
        await unit.execute(
            statements.WRITE_HEADS,
            [one.territory for one, _ in said],
            [fact.seq for _, fact in said],
            [fact.last_id for _, fact in said],
            [fact.digest for _, fact in said],
            [fact.sealed_at for _, fact in said],
        )


def _columns(said: Sequence[Said]) -> tuple[list[Any], ...]:
    """The facts as they were judged, not as they came: of a name that stands there twice one has been dropped."""
    return (
        [one.territory for one in said],
        [one.seq for one in said],
        [one.at for one in said],
        [msgspec.json.encode(one.fact).decode() for one in said],
    )


async def refuse(stream: str, rejected: Sequence[Refusal]) -> list[tuple[int | None, str]]:
    """Note what was refused; (territory, reason) of those that had not been noted before."""
    rows = await unit.fetch(
        statements.REFUSE,
        [stream] * len(rejected),
        *(list(column) for column in zip(*(astuple(one) for one in rejected), strict=True)),
    )
    return [(row["territory"], row["reason"]) for row in rows]


async def add(tallies: Mapping[int, Tally]) -> None:
    """Note what each tenant has said; rows are locked in one order by everybody."""
    rows = sorted(tallies.items())
    await unit.execute(
        statements.TALLY,
        [territory for territory, _ in rows],
        [tally.heard_at for _, tally in rows],
        [tally.fact_at for _, tally in rows],
        [tally.facts for _, tally in rows],
        [tally.tickets for _, tally in rows],
        [tally.versions for _, tally in rows],
        [tally.refused for _, tally in rows],
    )


async def write_pulses(pulses: Mapping[int, tuple[datetime, PulseFact, bool]]) -> None:
    """Note the last pulse of each tenant, when it came, and whether it spoke of all tickets."""
    rows = sorted(pulses.items())
    said = [(fact, ever) for _, (_, fact, ever) in rows]
    await unit.execute(
        statements.PULSE,
        [territory for territory, _ in rows],
        [at for _, (at, _, _) in rows],
        [fact.waiting for fact, _ in said],
        [None if ever else fact.since for fact, ever in said],
        [0 if ever else fact.tickets for fact, ever in said],
        [0 if ever else fact.versions for fact, ever in said],
        [fact.tickets if ever else 0 for fact, ever in said],
        [fact.versions if ever else 0 for fact, ever in said],
    )


async def gaps() -> list[asyncpg.Record]:
    """Each active territory: when it was heard, and what it has told of more than is known."""
    return await unit.fetch(statements.GAPS)


async def has_ended(day: date) -> bool:
    """Whether the end of a day has been written."""
    return bool(await unit.fetchval("SELECT EXISTS (SELECT FROM region.overdue WHERE day = $1)", day))


async def end_day(day: date, midnight: datetime) -> None:
    """Write what was open and overdue at the end of a day, once."""
    await unit.execute(statements.END_DAY, day, midnight)


async def hold_heard() -> None:
    """Lock what is known of the tenants' lines in the order in which everybody does."""
    await unit.execute(statements.LOCK_HEARD)


async def forget(seq: int, at: datetime) -> None:
    """Delete what the messages from this one on have said; who was refused when is remembered for a moment."""
    for statement in statements.FORGET:
        await unit.execute(statement, seq, at)
    await unit.execute(statements.FORGET_REFUSED.format(int(seq), at.isoformat()))
    await unit.execute(statements.FORGET_REFUSED_TOO)


async def recount(reread: bool) -> int:
    """Work all figures out of the rows; how many days, territories and categories came out otherwise."""
    if reread:
        await unit.execute(statements.REMEMBER_REFUSED)
    await unit.execute(statements.RECOUNT)
    corrected = int(await unit.fetchval(statements.CORRECT))
    await hold_heard()
    await unit.execute(statements.CORRECT_HEARD)
    return corrected
