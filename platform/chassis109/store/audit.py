"""Is the audit what was written? `python -m chassis109.store.audit verify` walks the chain of every tenant
and names each row that was edited, deleted, reordered or put in, and a tail that was cut off.

Exit status 0: unbroken; 1: findings, one a line; 2: could not look. Reads DISPATCH_APP_DSN and, to know
which tenants there are, DISPATCH_RELAY_DSN. `--head 4:1207:9f86d0…` (tenant, number, digest) checks against a
head that was noted elsewhere: only that finds a history rewritten by someone who could rewrite everything.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import msgspec

from chassis109.kernel.settings import SettingMissing, read
from chassis109.store import unit
from chassis109.store.outbox import ANCHOR_KEY, Outbox
from chassis109.store.sealer import COLUMNS, FIRST, AuditHead, row_digest, seal_digest

PAGE = 100

_SEALS = """
SELECT seq, ids, digests, digest, previous, sealed_at, last_id FROM chassis.audit_seal
WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
_ROWS = f"SELECT {COLUMNS} FROM chassis.audit WHERE tenant_id = $1 AND id = ANY($2)"
_ANCHORS = "SELECT payload FROM chassis.outbox WHERE tenant_id = $1 AND key = $2 ORDER BY id"
_INSERTED = """
WITH sealed AS (SELECT unnest(ids) AS id FROM chassis.audit_seal WHERE tenant_id = $1),
     last AS (SELECT last_tx, last_id FROM chassis.audit_seal WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1)
SELECT a.id FROM chassis.audit AS a, last
WHERE a.tenant_id = $1 AND (a.tx, a.id) <= (last.last_tx, last.last_id)
  AND NOT EXISTS (SELECT FROM sealed WHERE sealed.id = a.id)
ORDER BY a.id
"""
_TENANTS = """
WITH RECURSIVE t AS (
    (SELECT tenant_id FROM chassis.audit ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT tenant_id FROM chassis.audit WHERE tenant_id > t.tenant_id ORDER BY tenant_id LIMIT 1)
    FROM t WHERE t.tenant_id IS NOT NULL
)
SELECT tenant_id FROM t WHERE tenant_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written: what (`edited`, `deleted`, `reordered`, `inserted`, `cut`,
    `rewritten`, `broken`), the audit row and the seal it concerns."""

    what: str
    tenant: int
    row: int | None = None
    seal: int | None = None

    def __str__(self) -> str:
        row = f" row {self.row}" if self.row is not None else ""
        return f"tenant {self.tenant}{row} {self.what}" + (f" (seal {self.seal})" if self.seal else "")


async def verify(tenant: int, heads: Sequence[AuditHead] = ()) -> list[Finding]:
    """Everything wrong with the sealed audit of `tenant`, measured also against `heads` noted elsewhere."""
    findings: list[Finding] = []
    digests: dict[int, bytes] = {}
    async with unit.transaction(tenant):
        previous, expected = FIRST, 1
        async for seal in _seals(tenant):
            findings += [Finding("deleted", tenant, seal=seq) for seq in range(expected, seal["seq"])]
            if seal["seq"] == expected and seal["previous"] != previous:
                findings.append(Finding("broken", tenant, seal=seal["seq"]))
            rows = {row["id"]: row for row in await unit.fetch(_ROWS, tenant, seal["ids"])}
            findings += _of_seal(tenant, seal, rows)
            digests[seal["seq"]] = previous = seal["digest"]
            expected = seal["seq"] + 1
        inserted = await unit.fetch(_INSERTED, tenant)
        findings += [Finding("inserted", tenant, row=row["id"]) for row in inserted]
        sent = [msgspec.json.decode(r["payload"], type=AuditHead)
                for r in await unit.fetch(_ANCHORS, tenant, ANCHOR_KEY)]  # fmt: skip
    return findings + list(_against(tenant, digests, [*sent, *heads]))


async def _seals(tenant: int) -> AsyncIterator[asyncpg.Record]:
    seq = 0
    while page := await unit.fetch(_SEALS, tenant, seq, PAGE):
        for seal in page:
            yield seal
        seq = page[-1]["seq"]


def _of_seal(tenant: int, seal: asyncpg.Record, rows: Mapping[int, asyncpg.Record]) -> Iterator[Finding]:
    """A seal against itself, and the rows as they are against the digests it holds."""
    ids, kept, seq = seal["ids"], seal["digests"], seal["seq"]
    digest = seal_digest(seal["previous"], tenant, seq, seal["sealed_at"], ids, kept)
    if digest != seal["digest"] or len(kept) != 32 * len(ids):
        yield Finding("broken", tenant, seal=seq)
    noted = {row_id: kept[32 * n : 32 * n + 32] for n, row_id in enumerate(ids)}
    touched = {i: rows[i] for i in ids if i in rows and row_digest(tenant, rows[i]) != noted[i]}
    for row_id in ids:
        if row_id not in rows:
            yield Finding("deleted", tenant, row_id, seq)
        elif row_id in touched:
            row = touched[row_id]
            moved = any(row_digest(tenant, row, as_id=other) == noted[other] for other in touched)
            yield Finding("reordered" if moved else "edited", tenant, row_id, seq)


def _against(tenant: int, digests: Mapping[int, bytes], heads: Sequence[AuditHead]) -> Iterator[Finding]:
    """The chain against heads that were sent out: shorter is cut, another digest is rewritten."""
    last = max(digests, default=0)
    for noted in (head for head in heads if head.tenant == tenant):
        if noted.seq > last:
            yield Finding("cut", tenant, noted.last_id or None, noted.seq)
        elif digests.get(noted.seq, b"").hex() != noted.digest:
            yield Finding("rewritten", tenant, seal=noted.seq)


def _noted(text: str) -> AuditHead:
    tenant, seq, digest = text.split(":")
    return AuditHead(int(tenant), int(seq), 0, digest.lower(), datetime.min.replace(tzinfo=UTC))


async def _tenants() -> list[int]:
    outbox = await Outbox.open(read(os.environ, "DISPATCH_RELAY_DSN"), size=1)
    try:
        return [row["tenant_id"] for row in await outbox.fetch(_TENANTS)]
    finally:
        await outbox.close()


async def _verify_all(tenants: Sequence[int], heads: Sequence[AuditHead]) -> list[Finding]:
    await unit.open_store(read(os.environ, "DISPATCH_APP_DSN"), size=1, application="dispatch109-verify")
    try:
        chosen = tenants or sorted({*await _tenants(), *(head.tenant for head in heads)})
        return [finding for tenant in chosen for finding in await verify(tenant, heads)]
    finally:
        await unit.close_store()


def main(arguments: Sequence[str]) -> int:
    """The command line; its exit status."""
    parser = argparse.ArgumentParser(prog="chassis109.store.audit", description="Verify the audit chain.")
    verb = parser.add_subparsers(required=True).add_parser("verify", help="walk the chain of every tenant")
    verb.add_argument("--tenant", type=int, action="append", default=[], help="only this tenant (number)")
    verb.add_argument("--head", type=_noted, action="append", default=[], metavar="TENANT:SEAL:DIGEST")
    given = parser.parse_args(arguments)
    try:
        findings = asyncio.run(_verify_all(given.tenant, given.head))
    except (SettingMissing, OSError, unit.DatabaseUnavailable) as error:
        sys.stderr.write(f"could not look: {type(error).__name__} {error}\n")
        return 2
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    sys.stdout.write(f"{len(findings)} findings\n" if findings else "unbroken\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
