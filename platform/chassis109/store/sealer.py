"""The sealer chains the committed audit rows of each tenant, every second, outside the verbs' transactions.

A chain inside the verb would let one tenant write one row at a time (307 rows/s measured). The difficulty of
sealing afterwards is that ids commit out of order: id 5 may appear after id 6 has been sealed. So rows are
sealed in the order (tx, id), tx being the 64-bit id of the transaction that wrote them, and only rows of
transactions older than every running one: tx < pg_snapshot_xmin(pg_current_snapshot()). All of those have
ended, so nothing can appear among them later, and (last_tx, last_id) of the last seal is a safe place to go
on from. The price: a long transaction anywhere in the cluster holds the sealing up (audit_seal_lag_seconds).
Transaction ids only grow, also over physical backups; after a restore by dump into a new cluster its counter
must first be set above `SELECT max(tx) FROM chassis.audit` (pg_resetwal -x).

A seal holds the ids and digests of its rows, and digest = SHA-256(previous digest, tenant, number, time, ids
and digests). Once a minute the head is sent out through the outbox: a copy outside of this database is what
betrays someone who can rewrite all of it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import asyncpg
import msgspec
import structlog

from chassis109.kernel import clock
from chassis109.observe import metrics
from chassis109.store import journal, unit
from chassis109.store.outbox import ANCHOR_KEY, Outbox

log = structlog.get_logger()

ROUND_SECONDS = 1.0
ANCHOR_SECONDS = 60.0
BATCH = 1000
FIRST = b"\0" * 32

COLUMNS = "id, at, actor_id, actor_kind, action, object_kind, object_id, detail::text AS detail"

_HEAD = """
SELECT seq, digest, last_tx::text AS last_tx, last_id, sealed_at FROM chassis.audit_seal
WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1
"""

# `a.tx`, not `tx`: the latter would be the text of the output column, and as text 1000 comes before 999.
_UNSEALED = f"""
SELECT {COLUMNS}, a.tx::text AS tx FROM chassis.audit AS a
WHERE a.tenant_id = $1 AND (a.tx, a.id) > ($2::text::xid8, $3) AND a.tx < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY a.tx, a.id LIMIT $4
"""

_SEAL = """
INSERT INTO chassis.audit_seal (tenant_id, seq, first_id, last_id, rows, digest, previous, sealed_at,
                                last_tx, ids, digests)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::xid8, $10, $11) ON CONFLICT DO NOTHING RETURNING seq
"""

# Per tenant of $1 that has unsealed rows: the age of the first of them. Two index probes a tenant.
_PENDING = """
SELECT t.tenant_id, greatest(0, extract(epoch FROM now() - a.at))::float8 AS lag_seconds
FROM unnest($1::smallint[]) AS t(tenant_id)
LEFT JOIN LATERAL (SELECT last_tx, last_id FROM chassis.audit_seal AS s
                   WHERE s.tenant_id = t.tenant_id ORDER BY seq DESC LIMIT 1) AS s ON true
CROSS JOIN LATERAL (SELECT at FROM chassis.audit AS a WHERE a.tenant_id = t.tenant_id
                    AND (a.tx, a.id) > (coalesce(s.last_tx, '0'::xid8), coalesce(s.last_id, 0))
                    ORDER BY a.tx, a.id LIMIT 1) AS a
"""


class AuditHead(msgspec.Struct):
    """The end of a tenant's chain, as it is sent out. `digest` in hex."""

    tenant: int
    seq: int
    last_id: int
    digest: str
    sealed_at: datetime


def row_digest(tenant: int, row: asyncpg.Record, as_id: int | None = None) -> bytes:
    """SHA-256 over the canonical JSON of an audit row; `as_id` asks what it would be under another id."""
    actor: UUID | None = row["actor_id"]
    values = [tenant, row["id"] if as_id is None else as_id, row["at"].isoformat(), actor and str(actor)]
    values += [row[name] for name in ("actor_kind", "action", "object_kind", "object_id", "detail")]
    return sha256(msgspec.json.encode(values)).digest()


def seal_digest(
    previous: bytes, tenant: int, seq: int, sealed_at: datetime, ids: Sequence[int], digests: bytes
) -> bytes:
    """The digest of a seal; `digests` are those of its rows, one after the other, 32 bytes each."""
    said = msgspec.json.encode([tenant, seq, sealed_at.isoformat(), list(ids)])
    return sha256(previous + said + digests).digest()


async def head(tenant: int) -> AuditHead | None:
    """The last seal of the running unit's tenant."""
    row = await unit.fetchrow(_HEAD, tenant)
    if row is None:
        return None
    return AuditHead(tenant, row["seq"], row["last_id"], row["digest"].hex(), row["sealed_at"])


async def seal(tenant: int) -> int:
    """Seal up to BATCH rows of `tenant`; how many. 0 also when another sealer was faster."""
    async with unit.transaction(tenant):
        last = await unit.fetchrow(_HEAD, tenant)
        seq, previous = (last["seq"] + 1, last["digest"]) if last else (1, FIRST)
        since = (last["last_tx"], last["last_id"]) if last else ("0", 0)
        rows = await unit.fetch(_UNSEALED, tenant, *since, BATCH)
        if not rows:
            return 0
        ids = [row["id"] for row in rows]
        digests, now, end = b"".join(row_digest(tenant, row) for row in rows), clock.now(), rows[-1]
        digest = seal_digest(previous, tenant, seq, now, ids, digests)
        written = await unit.fetchval(
            _SEAL, tenant, seq, ids[0], end["id"], len(ids), digest, previous, now, end["tx"], ids, digests
        )
        return 0 if written is None else len(ids)


async def anchor(tenant: int, subject: str) -> None:
    """Send the head of the tenant's chain out."""
    async with unit.transaction(tenant):
        if (found := await head(tenant)) is not None:
            message = journal.OutboxMessage(subject, ANCHOR_KEY, msgspec.json.encode(found))
            await journal.write(None, "system", [], [message])


class Sealer:
    """Runs in the worker. `subjects` gives, for each tenant there is, the subject its heads are sent to; None:
    they stay here."""

    def __init__(self, outbox: Outbox, subjects: Callable[[], Mapping[int, str | None]]) -> None:
        self._outbox, self._subjects = outbox, subjects
        self._anchored: dict[int, float] = {}
        self._unanchored: set[int] = set()

    async def run(self) -> None:
        """Seal until cancelled."""
        while True:
            try:
                await self.round()
            except Exception as error:  # the outer edge: the sealer outlives everything
                log.error("sealer.failed", error=type(error).__name__)
            await asyncio.sleep(ROUND_SECONDS)

    async def round(self) -> None:
        """Seal what can be sealed of every tenant, and send out heads that are due."""
        subjects = self._subjects()
        pending = await self._outbox.fetch(_PENDING, list(subjects))
        metrics.AUDIT_SEAL_LAG_SECONDS.set(max((row["lag_seconds"] for row in pending), default=0.0))
        for row in pending:
            sealed = BATCH
            while sealed == BATCH:
                sealed = await seal(row["tenant_id"])
                if sealed:
                    self._unanchored.add(row["tenant_id"])
        now = time.monotonic()
        for tenant in sorted(self._unanchored & subjects.keys()):
            subject = subjects[tenant]
            if subject is not None and now - self._anchored.get(tenant, -ANCHOR_SECONDS) >= ANCHOR_SECONDS:
                await anchor(tenant, subject)
                self._anchored[tenant] = now
                self._unanchored.discard(tenant)
