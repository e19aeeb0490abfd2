"""Ten million tickets of the region, as fourteen territories have told them in three years, and their daily figures.

20 000 of them are open, as after a few weeks: that follows from the calls of a week, not from the length of history.
"""

import asyncpg
from tests.databases import Database

STILL_OPEN = 20_000
DAYS = 1_095
HANDOFFS = 300_000

_TICKETS = """
SET session_replication_role = replica;  -- foreign keys hold by construction
INSERT INTO region.ticket (territory, id, reference, version, category, service, service_kind, state, priority,
    opened_at, updated_at, react_by, due_at, statutory_due, unanswered, reopened, done_at, closed_at, confirmed,
    point, seq, heard_at)
SELECT territory, gen_random_uuid(), '109-' || to_char(at, 'YY') || '-' || lpad(n::text, 8, '0'), 1 + n % 6,
    codes[1 + n / 14 % array_length(codes, 1)], 'water', 'utility',
    CASE WHEN open THEN (ARRAY['assigned', 'accepted', 'in_progress', 'callback_due'])[1 + n % 4]
         WHEN n % 25 = 0 THEN 'cancelled' ELSE 'closed' END,
    1 + n % 3, at, CASE WHEN open THEN at ELSE least(at + interval '2 days', now()) END, at + interval '1 hour',
    at + (1 + n % 70) * interval '1 hour', at + interval '21 days', (n % 20 = 0)::int, (n % 30 = 0)::int,
    CASE WHEN NOT open THEN at + (n % 60) * interval '1 hour' END,
    CASE WHEN NOT open AND n % 25 <> 0 THEN least(at + interval '2 days', now()) END,
    CASE WHEN NOT open THEN n % 10 > 0 END,
    ST_SetSRID(ST_MakePoint(lon + (n % 1000 - 500) / 5000.0, lat + (n % 997 - 500) / 5000.0), 4326), n, at
FROM (SELECT n, CASE WHEN n % 2 = 0 THEN 1 ELSE 2 + n / 2 % 13 END AS territory, n > {most} - {still_open} AS open,
             now() - interval '{days} days' * (1 - n / {most}::float8) AS at
      FROM generate_series(1, {most}) n) x
JOIN region.territory t ON t.id = x.territory
JOIN (SELECT territory, array_agg(code ORDER BY code) AS codes FROM region.category GROUP BY 1) c USING (territory)
"""
_HANDOFFS = """
INSERT INTO region.handoff (territory, id, incident, kind, mode, service, state, version, priority, sent_at, decided_at,
    decide_by, late, seq, heard_at)
SELECT 1 + n % 14, gen_random_uuid(), 'kz.sko.petropavl.2026.' || n, 'fire', 'live',
    '10' || 1 + n % 4, 'closed', 5, 'P1',
    at, at + (5 + n % 80) * interval '1 second', at + interval '90 seconds', false, n, at
FROM (SELECT n, now() - interval '{days} days' * (1 - n / {most}::float8) AS at FROM generate_series(1, {most}) n) x
"""
_DAILY = """
INSERT INTO region.daily (day, territory, category, registered, consulted, closed, on_time, did_not_react, reopened,
    confirmed)
SELECT c.day, t.territory, t.category, sum(c.registered), sum(c.registered) / 2, sum(c.closed), sum(c.on_time),
    sum(c.did_not_react), sum(c.reopened), sum(c.confirmed)
FROM region.ticket t, region.counted(t) c GROUP BY 1, 2, 3
ORDER BY 1  -- as they came in life
"""
_HEARD = """
INSERT INTO region.heard (territory, heard_at, pulse_at, since, tickets, versions, fact_at, known_tickets,
    known_versions)
SELECT territory, now(), now(), now() - interval '1 day', 0, 0, now(), count(*), sum(version)
FROM region.ticket GROUP BY territory
"""


async def fill(database: Database, most: int) -> None:
    """Rows first, then indexes: several times faster than both together."""
    connection = await asyncpg.connect(database.superuser)
    try:
        indexes = await connection.fetch(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'region' AND tablename = 'ticket'"
            " AND indexdef NOT LIKE 'CREATE UNIQUE%'"
        )
        for index in indexes:
            await connection.execute(f"DROP INDEX region.{index['indexname']}")
        await connection.execute(_TICKETS.format(most=most, still_open=STILL_OPEN, days=DAYS))
        await connection.execute(_HANDOFFS.format(most=HANDOFFS, days=DAYS))
        await connection.execute("SET maintenance_work_mem = '512MB'")
        for index in indexes:
            await connection.execute(index["indexdef"])
        for table in ("ticket", "handoff"):
            await connection.execute(f"VACUUM (ANALYZE) region.{table}")
        for statement in (_DAILY, _HEARD, "VACUUM (ANALYZE) region.daily", "VACUUM (ANALYZE) region.heard"):
            await connection.execute(statement)
    finally:
        await connection.close()
