"""Tickets of many tenants and years in a database of the benchmark's own, with all that queue, search, near, phone
look-up and create read: contacts, numbers given, categories and services.

The tenant that is measured is the city, number 1; all others have the same number of tickets. As many are open as after
a few weeks: that follows from the calls of a week, not from the length of history.
"""

import asyncio
import re
import time
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
from tests.bench.figure import note
from tests.databases import Database

from identity109.actor import Actor
from tenancy109 import directory

HANDS = 2
"""Connections that fill side by side, and later make indexes."""

_TENANTS = """
INSERT INTO tenancy.tenant SELECT n, 'd' || n, kind, names, centre_names, lon, lat, kato, dial_code, population,
    duty_phones, active, outline, outline_source, version
FROM tenancy.tenant, generate_series((SELECT max(id) FROM tenancy.tenant) + 1, $1) n WHERE id = 2
"""
_CATALOGUE = ("category", "service", "zone", "route")
_CONTACTS = """
INSERT INTO dispatch.contact (tenant_id, id, phone_index, key_id, language, created_at)
SELECT t.id, md5(t.id || ':' || n)::uuid, sha256(int4send(t.id * 1000000 + n)), 'k1', 'kk', now()
FROM tenancy.tenant t, generate_series(0, greatest(CASE t.id WHEN 1 THEN {most} ELSE {others} END / {each}, 1) - 1) n
"""
_TICKETS = """
SET session_replication_role = replica;  -- foreign keys hold by construction
SET synchronous_commit = off;
INSERT INTO dispatch.ticket (tenant_id, id, year, number, state, version, contact_id, category_code, service_code,
    priority, text, address, landmark, folded, language, point, opened_at, opened_by, updated_at, due_at,
    statutory_due, unanswered, done_at, closed_at)
SELECT tenant, encode(substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) || '\\x7109'::bytea
           || substring(uuid_send(gen_random_uuid()) FROM 9), 'hex')::uuid,
    extract(year FROM at), n, CASE WHEN closed THEN 'closed' ELSE
        (ARRAY['assigned', 'accepted', 'in_progress', 'callback_due'])[1 + n % 4] END, 2,
    md5(tenant || ':' || n % greatest(most / {each}, 1))::uuid,
    (ARRAY['water-no-supply', 'heat-weak', 'snow-road', 'street-light-out', 'waste-not-collected'])[1 + n % 5],
    (ARRAY['water', 'heat', 'roads', 'lighting', 'waste', 'transport', 'greenery', 'akimat'])[1 + n % 8], 1 + n % 3,
    'Нет воды, обращение жүйе ' || n, 'Абай көшесі ' || n % 300, '', 'нет воды, обращение жуйе ' || n
        || ' абай кошеси ' || n % 300, 'ru',
    ST_SetSRID(ST_MakePoint(lon + (random() - 0.5) / 10, lat + (random() - 0.5) / 10), 4326), at, gen_random_uuid(),
    at, at + (1 + n % 100) * interval '1 hour', at + interval '21 days', (n % 20 = 0)::int,
    CASE WHEN closed THEN at + interval '1 day' END, CASE WHEN closed THEN at + interval '2 days' END
FROM (SELECT t.id AS tenant, lon, lat, n, most, n <= most - {still_open} AS closed,
             now() - interval '{days} days' * (1 - n / most::float8) AS at
      FROM tenancy.tenant t, LATERAL (SELECT CASE t.id WHEN 1 THEN {most} ELSE {others} END AS most) m,
           generate_series(1, most) n WHERE (t.id > 1) = {others_turn} AND (t.id % {hands} = {hand} OR t.id = 1)
           AND (t.id > 1 OR n % {hands} = {hand})) x
"""
_NUMBERS = """
INSERT INTO dispatch.ticket_number SELECT tenant_id, year, max(number) FROM dispatch.ticket GROUP BY 1, 2
"""
_INDEXES = """
SELECT indexname AS name, indexdef AS made FROM pg_indexes WHERE schemaname = 'dispatch' AND tablename = 'ticket'
  AND indexdef NOT LIKE 'CREATE UNIQUE%'
"""
_SLOW = re.compile(r"USING (gin|gist)")


@dataclass(frozen=True)
class Shape:
    """How many tickets the city and each other tenant has, over how many days; how many tenants there are, how many
    tickets came from the same contact, and how many of each tenant's are open."""

    most: int
    others: int
    days: int
    tenants: int = 14
    each: int = 1_000
    still_open: int = 3_000

    @property
    def tickets(self) -> int:
        """All of them."""
        return self.most + (self.tenants - 1) * self.others


async def fill(database: Database, shape: Shape) -> float:
    """Rows first, then indexes: ten times faster than both together. How many seconds it took."""
    started = time.perf_counter()
    hands = [await asyncpg.connect(database.superuser, command_timeout=None) for _ in range(HANDS)]
    try:
        await _directory(hands[0], shape)
        indexes = [dict(row) for row in await hands[0].fetch(_INDEXES)]
        for index in indexes:
            await hands[0].execute(f"DROP INDEX dispatch.{index['name']}")
        for others_turn in (False, True):
            await asyncio.gather(*(
                hand.execute(_TICKETS.format(
                    most=shape.most, others=shape.others, days=shape.days, still_open=shape.still_open, each=shape.each,
                    hand=number, hands=HANDS, others_turn=others_turn,
                ))
                for number, hand in enumerate(hands)
            ))  # fmt: skip
        rows = time.perf_counter() - started
        await _index(hands, [index["made"] for index in indexes])
        await hands[0].execute(_NUMBERS)
        for table in ("ticket", "contact", "ticket_number"):
            await hands[0].execute(f"VACUUM (ANALYZE) dispatch.{table}")
    finally:
        for hand in hands:
            await hand.close()
    took = time.perf_counter() - started
    note(
        f"{shape.tickets} tickets of {shape.tenants} tenants filled in {took:.0f} s, of it rows {rows:.0f} s"
    )
    return took


async def operator() -> Actor:
    """Somebody who takes calls in the city."""
    tenant = await directory.by_id(1)
    if tenant is None:
        raise LookupError("the benchmark's database has no tenant 1")
    return Actor(
        subject=uuid4(), name="Operator", kind="person", tenant=tenant, roles=frozenset({"operator"}), service=None,
        language="ru", session_id=None,
    )  # fmt: skip


async def _directory(connection: asyncpg.Connection, shape: Shape) -> None:
    """Tenants beyond those of the registry have the catalogue of the first district."""
    await connection.execute(_TENANTS, shape.tenants)
    for table in _CATALOGUE:
        rows = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = ''"
            " AND attname <> 'tenant_id'", f"tenancy.{table}",
        )  # fmt: skip
        names = [row["attname"] for row in rows]
        await connection.execute(
            f"INSERT INTO tenancy.{table} (tenant_id, {', '.join(names)})"
            f" SELECT t.id, {', '.join(f'c.{name}' for name in names)} FROM tenancy.{table} c, tenancy.tenant t"
            " WHERE c.tenant_id = 2 AND t.slug = 'd' || t.id"
        )
    await connection.execute(_CONTACTS.format(most=shape.most, others=shape.others, each=shape.each))


async def _index(hands: list[asyncpg.Connection], made: list[str]) -> None:
    """Side by side, what takes longest first."""
    left = sorted(made, key=lambda one: _SLOW.search(one) is not None)

    async def work(hand: asyncpg.Connection) -> None:
        await hand.execute("SET maintenance_work_mem = '1GB'")
        while left:
            await hand.execute(left.pop())

    await asyncio.gather(*map(work, hands))
