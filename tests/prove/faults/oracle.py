"""What became of the promises, asked in each database by SQL of its own; every count is of things that are wrong."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from tests.prove.faults.ledger import Ledger
from tests.prove.faults.traffic import MODE
from tests.prove.ours import OURS

from chassis109.store.migrate import SERVICES as DATABASES

_UNSENT = f"SELECT count(*) FROM chassis.outbox WHERE published_at IS NULL AND {OURS}"
# A subject ends in the handoff it is about. What is about one that other tests have made is theirs, also when it comes
# now: the hub's clocks go on and answer a 109 that was never asked. All else counts.
# A word to a desk that has closed meanwhile is refused in sight, and 109 is told: no fault of the line.
_PUT_ASIDE = """
SELECT count(*) FILTER (WHERE NOT late) AS put_aside, count(*) FILTER (WHERE late) AS late
FROM (SELECT source LIKE 'HANDOFF:%' AND error = 'wrong_state' AS late FROM chassis.quarantine
      WHERE subject !~ '\\.[0-9a-f-]{36}$' OR right(subject, 36) = ANY ($1)) q
"""
_TICKETS = "SELECT id FROM dispatch.ticket WHERE id = ANY ($1)"
_TWICE = "SELECT count(*) FROM (SELECT text FROM {table} WHERE text LIKE $1 || '%' GROUP BY text HAVING count(*) > 1) d"
_MOVED = """
SELECT count(*) FROM unnest($1::uuid[], $2::int[], $3::text[]) AS said(id, version, state)
WHERE NOT EXISTS (SELECT FROM dispatch.ticket t WHERE t.id = said.id AND t.version >= said.version)
   OR NOT EXISTS (SELECT FROM dispatch.history h WHERE h.ticket_id = said.id AND h.to_state = said.state)
"""
_MOVED_TWICE = """
SELECT count(*) FROM (SELECT FROM dispatch.history WHERE ticket_id = ANY ($1) AND verb IN ('accept', 'start', 'finish')
                      GROUP BY ticket_id, verb HAVING count(*) > 1) d
"""
_CALLED_BACK = "SELECT id FROM dispatch.callback WHERE id = ANY ($1) AND state = 'confirmed'"
_INCIDENTS = "SELECT id FROM dispatch.incident WHERE id = ANY ($1)"
_HANDOFFS_OF_RUN = """
SELECT h.id, h.state, h.sent_seq, h.last_seq FROM dispatch.handoff h JOIN dispatch.incident i
    ON i.tenant_id = h.tenant_id AND i.id = h.incident_id WHERE i.text LIKE $1 || '%'
"""
# With those that desks have passed on, of which 109 has no row.
_WITH_THOSE_AT_HUB = "SELECT id FROM hub.handoff WHERE incident ->> 'narrative' LIKE $1 || '%'"
_AT_HUB = "SELECT id, state, last_seq, return_seq FROM hub.handoff WHERE id = ANY ($1)"
# What a desk is told while it is at work; what is noted after its end stays in the history here.
_NOTES = """
SELECT handoff_id, note FROM dispatch.handoff_event
WHERE handoff_id = ANY ($1) AND event = 'update' AND note LIKE $2 || '%' ORDER BY handoff_id, seq
"""
_WRITTEN = "SELECT note FROM dispatch.handoff_event WHERE handoff_id = ANY ($1) AND note LIKE $2 || '%'"
_HEARD = """
SELECT h.id AS handoff_id, n.value ->> 'text' AS note
FROM hub.handoff h, jsonb_array_elements(coalesce(h.incident -> 'notes', '[]')) WITH ORDINALITY n
WHERE h.id = ANY ($1) AND n.value ->> 'text' LIKE $2 || '%' ORDER BY h.id, n.ordinality
"""
_STEPS = "SELECT handoff_id, event AS note FROM {table} WHERE handoff_id = ANY ($1) AND side = 'desk' ORDER BY 1, seq"
_GAPS = """
SELECT count(*) FROM (SELECT seq, row_number() OVER (PARTITION BY handoff_id ORDER BY seq) AS place
                      FROM {table} WHERE handoff_id = ANY ($1)) e WHERE seq <> place
"""
_TOLD_TICKETS = f"SELECT tenant_id, id, version, state FROM dispatch.ticket WHERE {OURS}"
_KNOWN_TICKETS = "SELECT territory, id, version, state FROM region.ticket"
# Not the version: a step that changes nothing the region is told of makes no fact.
_FACTS = "id, state, alarm, late, hub_at, receipt_at, seen_at, decided_at, unit_at, ended_at"
_TOLD_HANDOFFS = f"SELECT tenant_id, {_FACTS} FROM dispatch.handoff WHERE id = ANY ($1)"
_KNOWN_HANDOFFS = f"SELECT territory, {_FACTS} FROM region.handoff WHERE id = ANY ($1)"
_REGISTERED = f"SELECT count(*) FROM dispatch.ticket WHERE origin_slug IS NULL AND {OURS}"
_COUNTED = "SELECT coalesce(sum(registered), 0) FROM region.daily"
_EXECUTED = "SELECT id FROM {schema}.mandate WHERE id = ANY ($1) AND state = 'executed'"
# A tenant that says all its facts again may be overtaken by a verb: the older fact is refused in sight, and what stands
# in the region is compared with the tenant all the same.
_REFUSED = "SELECT count(*) FROM region.refused WHERE reason <> 'old-version'"


class Oracle:
    """Looks after the faults; `before` holds what was wrong already when the run began."""

    def __init__(self, environment: Mapping[str, str], ledger: Ledger) -> None:
        self._environment, self._ledger = environment, ledger
        self._before = dict[str, int]()
        self.late = 0

    async def note_before(self) -> None:
        """What stands put aside or refused from earlier tests is not this run's."""
        self._before = await self._put_aside()

    async def wrongs(self) -> dict[str, int]:
        """Every kind of broken promise, and how many; all zero when all was kept and all has arrived."""
        dispatch, hub, region = await asyncio.gather(*map(self._connect, DATABASES))
        try:
            found = await self._of_tickets(dispatch)
            found |= await self._of_handoffs(dispatch, hub, region)
            found |= await self._of_region(dispatch, region)
            for name, database in zip(DATABASES, (dispatch, hub, region), strict=True):
                found[f"unsent.{name}"] = await database.fetchval(_UNSENT)
        finally:
            for database in (dispatch, hub, region):
                await database.close()
        now = await self._put_aside()
        new = {name: count - self._before.get(name, 0) for name, count in now.items()}
        self.late = sum(count for name, count in new.items() if name.startswith("late."))
        found |= {name: count for name, count in new.items() if not name.startswith("late.")}
        return found | await self._waiting()

    async def settled(self, seconds: float) -> dict[str, int]:
        """Ask again until nothing is wrong, or patience ends; what is wrong then."""
        limit = asyncio.get_running_loop().time() + seconds
        while True:
            found = {name: count for name, count in (await self.wrongs()).items() if count}
            if not found or asyncio.get_running_loop().time() > limit:
                return found
            await asyncio.sleep(1)

    async def audit_findings(self) -> list[str]:
        """What the command that walks the chain says of each database."""
        return [line for name in DATABASES for line in await self._verify(name)]

    async def _of_tickets(self, dispatch: asyncpg.Connection) -> dict[str, int]:
        ledger = self._ledger
        stored = {row["id"] for row in await dispatch.fetch(_TICKETS, list(ledger.tickets))}
        called = {row["id"] for row in await dispatch.fetch(_CALLED_BACK, list(ledger.callbacks))}
        ids, versions, states = (
            [list(column) for column in zip(*ledger.moves, strict=True)] if ledger.moves else ([],) * 3
        )
        return {
            "tickets.lost": len(ledger.tickets.keys() - stored),
            "tickets.twice": await dispatch.fetchval(_TWICE.format(table="dispatch.ticket"), ledger.run),
            "moves.lost": await dispatch.fetchval(_MOVED, ids, versions, states),
            "moves.twice": await dispatch.fetchval(_MOVED_TWICE, list(ledger.tickets)),
            "callbacks.lost": len(ledger.callbacks - called),
        }

    async def _of_handoffs(
        self, dispatch: asyncpg.Connection, hub: asyncpg.Connection, region: asyncpg.Connection
    ) -> dict[str, int]:
        ledger = self._ledger
        stored = {row["id"] for row in await dispatch.fetch(_INCIDENTS, list(ledger.incidents))}
        here = {row["id"]: row for row in await dispatch.fetch(_HANDOFFS_OF_RUN, ledger.run)}
        rows = await hub.fetch(_AT_HUB, list(here))
        there = {row["id"]: row for row in rows}
        told = {tuple(row) for row in await dispatch.fetch(_TOLD_HANDOFFS, list(here))}
        known = {tuple(row) for row in await region.fetch(_KNOWN_HANDOFFS, list(here))}
        return {
            "incidents.lost": len(ledger.incidents.keys() - stored),
            "incidents.twice": await dispatch.fetchval(_TWICE.format(table="dispatch.incident"), ledger.run),
            "handoffs.lost": len(ledger.handoffs.keys() - here.keys()),
            "hub.missing": len(here.keys() - there.keys()),
            "hub.twice": len(rows) - len(there),
            "hub.otherwise": sum(not _agree(row, there[one]) for one, row in here.items() if one in there),
            "hub.gaps": await hub.fetchval(_GAPS.format(table="hub.event"), list(here)),
            "handoffs.gaps": await dispatch.fetchval(
                _GAPS.format(table="dispatch.handoff_event"), list(here)
            ),
            "region.handoffs": len(told ^ known),
        } | await self._order(dispatch, hub, list(here))

    async def _order(
        self, dispatch: asyncpg.Connection, hub: asyncpg.Connection, ids: list[Any]
    ) -> dict[str, int]:
        """Notes as the hub has them against those 109 wrote, and the desks' steps as 109 has them against the hub's."""
        said = _by_handoff(await dispatch.fetch(_NOTES, ids, self._ledger.run))
        heard = _by_handoff(await hub.fetch(_HEARD, ids, self._ledger.run))
        here = _by_handoff(await dispatch.fetch(_STEPS.format(table="dispatch.handoff_event"), ids))
        there = _by_handoff(await hub.fetch(_STEPS.format(table="hub.event"), ids))
        written = {row["note"] for row in await dispatch.fetch(_WRITTEN, ids, self._ledger.run)}
        missing = sum(len(notes) - len(heard.get(one, [])) for one, notes in said.items())
        late = (await self._put_aside())["late.hub"] - self._before.get("late.hub", 0)
        return {
            "notes.lost": sum(text not in written for _, text in self._ledger.notes),
            "notes.unheard": max(0, missing - late),
            # A handoff that the hub itself began got the notes within its incident, not one by one.
            "notes.out_of_order": sum(
                notes != [note for note in said[one] if note in notes]
                for one, notes in heard.items()
                if one in said
            ),
            "steps.otherwise": sum(here.get(one) != steps for one, steps in there.items()),
        }

    async def _of_region(self, dispatch: asyncpg.Connection, region: asyncpg.Connection) -> dict[str, int]:
        told = {tuple(row) for row in await dispatch.fetch(_TOLD_TICKETS)}
        known = {tuple(row) for row in await region.fetch(_KNOWN_TICKETS)}
        mandates = list(self._ledger.mandates)
        done = await dispatch.fetch(_EXECUTED.format(schema="dispatch"), mandates)
        answered = await region.fetch(_EXECUTED.format(schema="region"), mandates)
        return {
            "region.tickets": len(told ^ known),
            "region.counted": abs(await region.fetchval(_COUNTED) - await dispatch.fetchval(_REGISTERED)),
            "mandates.not_executed": len(mandates) - len(done),
            "mandates.not_answered": len(mandates) - len(answered),
        }

    async def _put_aside(self) -> dict[str, int]:
        """What is about this run, or about no handoff at all."""
        counts = dict[str, int]()
        opened = dict(zip(DATABASES, await asyncio.gather(*map(self._connect, DATABASES)), strict=True))
        try:
            own = await opened["dispatch"].fetch(_HANDOFFS_OF_RUN, self._ledger.run)
            own += await opened["hub"].fetch(_WITH_THOSE_AT_HUB, self._ledger.run)
            ids = list({str(row["id"]) for row in own})
            for name, connection in opened.items():
                row = await connection.fetchrow(_PUT_ASIDE, ids)
                counts |= {f"{kind}.{name}": row[kind] for kind in ("put_aside", "late")}
            counts["region.refused"] = await opened["region"].fetchval(_REFUSED)
        finally:
            for connection in opened.values():
                await connection.close()
        return counts

    async def _waiting(self) -> dict[str, int]:
        """Messages in the broker that a consumer has not worked; desks that no machine plays here wait for ever."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            url = f"{self._environment['NATS_MONITOR_URL']}/jsz?accounts=true&streams=true&consumers=true"
            accounts = (await http.get(url)).json()["account_details"]
        streams = [stream for account in accounts for stream in account.get("stream_detail", [])]
        waiting = 0
        for stream in streams:
            for consumer in stream.get("consumer_detail") or []:
                if stream["name"] != "DESK" or consumer["name"].endswith(MODE):
                    waiting += consumer["num_pending"] + consumer["num_ack_pending"]
        return {"inboxes.waiting": waiting}

    async def _connect(self, database: str) -> asyncpg.Connection:
        address = urlsplit(self._environment["POSTGRES_DSN"])._replace(path=f"/{database}").geturl()
        return await asyncpg.connect(address, timeout=30)

    async def _verify(self, service: str) -> list[str]:
        prefix = service.upper()
        environment = {
            **os.environ, "DISPATCH_APP_DSN": self._environment[f"{prefix}_APP_DSN"],
            "DISPATCH_RELAY_DSN": self._environment[f"{prefix}_RELAY_DSN"],
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chassis109.store.audit", "verify", env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return (
            [] if process.returncode == 0 else [f"{service}: {line}" for line in said.decode().splitlines()]
        )


def _agree(here: asyncpg.Record, there: asyncpg.Record) -> bool:
    """Both sides stand alike, and each has heard the other's last word."""
    sent, heard = here["sent_seq"] == there["last_seq"], here["last_seq"] == there["return_seq"]
    return sent and heard and here["state"] == there["state"]


def _by_handoff(rows: list[asyncpg.Record]) -> dict[Any, list[str]]:
    found = dict[Any, list[str]]()
    for row in rows:
        found.setdefault(row["handoff_id"], []).append(row["note"])
    return found
