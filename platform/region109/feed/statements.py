"""The SQL of the feed, each statement by its name; repository.py runs them. A batch is one of each."""

_TICKET = """id, reference, version, category, service, service_kind, state, priority, opened_at, updated_at, react_by,
    due_at, statutory_due, paused_at, unanswered, reopened, done_at, closed_at, confirmed, origin, origin_reference"""
_HANDOFF = """id, incident, kind, mode, service, state, version, priority, sent_at, hub_at, receipt_at, seen_at,
    decided_at, unit_at, ended_at, decide_by, late, alarm"""


def _all_but_keys(columns: str) -> str:
    return ", ".join(
        f"{name} = excluded.{name}" for name in columns.replace("\n", " ").replace(" ", "").split(",")[1:]
    )


_HEARD = """FROM unnest($1::smallint[], $2::bigint[], $3::timestamptz[], $4::text[]) AS w(territory, seq, at, fact),
         json_to_record(w.fact::json)"""
_NEWER = "WHERE (excluded.version, -excluded.seq) > ({0}.version, -{0}.seq)"

WRITE_TICKETS = f"""
WITH written AS (
    INSERT INTO region.ticket AS t (territory, seq, heard_at, point, {_TICKET})
    SELECT w.territory, w.seq, w.at,
        ST_SetSRID(ST_MakePoint((f.point->>0)::float8, (f.point->>1)::float8), 4326), {_TICKET}
    {_HEARD} AS f(
        id uuid, reference text, version integer, category text, service text, service_kind text, state text,
        priority smallint, opened_at timestamptz, updated_at timestamptz, react_by timestamptz, due_at timestamptz,
        statutory_due timestamptz, paused_at timestamptz, unanswered integer, reopened integer, done_at timestamptz,
        closed_at timestamptz, confirmed boolean, point json, origin text, origin_reference text)
    ON CONFLICT (territory, id) DO UPDATE SET seq = excluded.seq, heard_at = excluded.heard_at,
        point = excluded.point, {_all_but_keys(_TICKET)}
    {_NEWER.format("t")}
    RETURNING t
)"""  # fmt: skip
ONLY = "SELECT count(*) FROM written"
# What the rows add to their days, less what they added before: the snapshot still shows them as they were.
COUNTED = """, moved AS (
    SELECT c.*, (t).territory, (t).category, 1 AS sign FROM written, region.counted(t) c
    UNION ALL
    SELECT c.*, b.territory, b.category, -1 FROM written, region.ticket b, region.counted(b) c
    WHERE b.territory = (written.t).territory AND b.id = (written.t).id
)
INSERT INTO region.daily AS d (day, territory, category, registered, closed, on_time, did_not_react, reopened,
    confirmed)
SELECT day, territory, category, sum(sign * registered), sum(sign * closed), sum(sign * on_time),
    sum(sign * did_not_react), sum(sign * reopened), sum(sign * confirmed)
FROM moved GROUP BY day, territory, category
HAVING (sum(sign * registered), sum(sign * closed), sum(sign * on_time), sum(sign * did_not_react),
        sum(sign * reopened), sum(sign * confirmed)) <> (0, 0, 0, 0, 0, 0)
ON CONFLICT (day, territory, category) DO UPDATE SET registered = d.registered + excluded.registered,
    closed = d.closed + excluded.closed, on_time = d.on_time + excluded.on_time,
    did_not_react = d.did_not_react + excluded.did_not_react, reopened = d.reopened + excluded.reopened,
    confirmed = d.confirmed + excluded.confirmed
"""

WRITE_HANDOFFS = f"""
INSERT INTO region.handoff AS h (territory, seq, heard_at, {_HANDOFF})
SELECT w.territory, w.seq, w.at, {_HANDOFF}
{_HEARD} AS f(
    id uuid, incident text, kind text, mode text, service text, state text, version integer, priority text,
    sent_at timestamptz, hub_at timestamptz, receipt_at timestamptz, seen_at timestamptz, decided_at timestamptz,
    unit_at timestamptz, ended_at timestamptz, decide_by timestamptz, late boolean, alarm text)
ON CONFLICT (territory, id) DO UPDATE SET seq = excluded.seq, heard_at = excluded.heard_at, {_all_but_keys(_HANDOFF)}
{_NEWER.format("h")}
"""

WRITE_CONSULTATIONS = """
WITH written AS (
    INSERT INTO region.consultation AS c (territory, day, category, count, seq)
    SELECT * FROM unnest($1::smallint[], $2::date[], $3::text[], $4::integer[], $5::bigint[])
    ON CONFLICT (territory, day, category) DO UPDATE SET count = excluded.count, seq = excluded.seq
    RETURNING territory, day, category, count
)"""
CONSULTED = """
INSERT INTO region.daily AS d (day, territory, category, consulted)
SELECT w.day, w.territory, w.category, w.count - coalesce(b.count, 0)
FROM written w LEFT JOIN region.consultation b USING (territory, day, category)
WHERE w.count <> coalesce(b.count, 0)
ON CONFLICT (day, territory, category) DO UPDATE SET consulted = d.consulted + excluded.consulted
"""

WRITE_HEADS = """
INSERT INTO region.audit_head (territory, seq, last_id, digest, sealed_at)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[])
ON CONFLICT DO NOTHING
"""

REFUSE = """
INSERT INTO region.refused (stream, seq, subject, territory, reason, bytes, sha256, said_at, heard_at)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::smallint[], $5::text[], $6::integer[], $7::bytea[],
                     $8::timestamptz[], $9::timestamptz[])
ON CONFLICT (stream, seq) DO NOTHING RETURNING territory, reason
"""

TALLY = """
INSERT INTO region.heard AS h (territory, heard_at, fact_at, facts, known_tickets, known_versions, refused)
SELECT * FROM unnest($1::smallint[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::integer[], $6::bigint[],
                     $7::bigint[])
ON CONFLICT (territory) DO UPDATE SET heard_at = greatest(h.heard_at, excluded.heard_at),
    fact_at = greatest(h.fact_at, excluded.fact_at), facts = h.facts + excluded.facts,
    known_tickets = h.known_tickets + excluded.known_tickets,
    known_versions = h.known_versions + excluded.known_versions, refused = h.refused + excluded.refused
"""

# A pulse about all tickets is compared with all that are known, the others with those opened since.
PULSE = """
INSERT INTO region.heard AS h (territory, heard_at, pulse_at, waiting, since, tickets, versions, ever_tickets,
    ever_versions)
SELECT * FROM unnest($1::smallint[], $2::timestamptz[], $2::timestamptz[], $3::integer[], $4::timestamptz[],
                     $5::integer[], $6::integer[], $7::integer[], $8::bigint[])
ON CONFLICT (territory) DO UPDATE SET heard_at = greatest(h.heard_at, excluded.heard_at), pulse_at = excluded.pulse_at,
    waiting = excluded.waiting, since = coalesce(excluded.since, h.since),
    tickets = CASE WHEN excluded.since IS NULL THEN h.tickets ELSE excluded.tickets END,
    versions = CASE WHEN excluded.since IS NULL THEN h.versions ELSE excluded.versions END,
    ever_tickets = greatest(h.ever_tickets, excluded.ever_tickets),
    ever_versions = greatest(h.ever_versions, excluded.ever_versions)
WHERE h.pulse_at IS NULL OR h.pulse_at <= excluded.pulse_at
"""

GAPS = """
SELECT t.id AS territory, t.slug, h.heard_at, h.fact_at, coalesce(h.waiting, 0) AS waiting,
    coalesce(h.facts, 0) AS facts, coalesce(h.refused, 0) AS refused,
    greatest(0, h.tickets - own.tickets, h.ever_tickets - h.known_tickets) AS missing_tickets,
    greatest(0, h.versions - own.versions, h.ever_versions - h.known_versions) AS missing_versions
FROM region.territory t LEFT JOIN region.heard h ON h.territory = t.id
LEFT JOIN LATERAL (SELECT count(*) AS tickets, coalesce(sum(version), 0) AS versions FROM region.ticket k
                   WHERE k.territory = t.id AND k.opened_at >= h.since) own ON true
WHERE t.active ORDER BY t.id
"""

# A row for every territory, so that a day with nothing overdue differs from one that nobody looked at.
END_DAY = """
INSERT INTO region.overdue (day, territory, category, open_overdue)
SELECT $1, territory, category, count(*) FROM region.ticket
WHERE state NOT IN ('closed', 'rejected', 'cancelled', 'referred') AND due_at < $2
    AND coalesce(done_at, paused_at, $2) > due_at AND NOT EXISTS (SELECT FROM region.overdue WHERE day = $1)
GROUP BY territory, category
UNION ALL
SELECT $1, id, '', 0 FROM region.territory WHERE NOT EXISTS (SELECT FROM region.overdue WHERE day = $1)
"""

# What the feed still holds can be read again; `heard_at` tells its messages from those of a stream before it.
FORGET = (
    "DELETE FROM region.ticket WHERE seq >= $1 AND heard_at >= $2",
    "DELETE FROM region.handoff WHERE seq >= $1 AND heard_at >= $2",
    "DELETE FROM region.consultation WHERE seq >= $1 AND day >= ($2::timestamptz AT TIME ZONE 'Asia/Almaty')::date",
)
FORGET_REFUSED = """
CREATE TEMP TABLE was_refused ON COMMIT DROP AS
SELECT stream, seq, heard_at FROM region.refused WHERE stream = 'FEED' AND seq >= {0} AND said_at >= '{1}'
"""
FORGET_REFUSED_TOO = (
    "DELETE FROM region.refused r USING was_refused w WHERE r.stream = w.stream AND r.seq = w.seq"
)
REMEMBER_REFUSED = """
UPDATE region.refused r SET heard_at = w.heard_at FROM was_refused w WHERE r.stream = w.stream AND r.seq = w.seq
"""

RECOUNT = """
CREATE TEMP TABLE right_daily ON COMMIT DROP AS
SELECT day, territory, category, coalesce(registered, 0)::integer AS registered,
    coalesce(count, 0)::integer AS consulted, coalesce(closed, 0)::integer AS closed,
    coalesce(on_time, 0)::integer AS on_time, coalesce(did_not_react, 0)::integer AS did_not_react,
    coalesce(reopened, 0)::integer AS reopened, coalesce(confirmed, 0)::integer AS confirmed
FROM (SELECT c.day, t.territory, t.category, sum(c.registered) AS registered, sum(c.closed) AS closed,
             sum(c.on_time) AS on_time, sum(c.did_not_react) AS did_not_react, sum(c.reopened) AS reopened,
             sum(c.confirmed) AS confirmed
      FROM region.ticket t, region.counted(t) c GROUP BY 1, 2, 3) counted
FULL JOIN (SELECT day, territory, category, count FROM region.consultation) consulted USING (day, territory, category)
WHERE (coalesce(registered, 0), coalesce(count, 0), coalesce(closed, 0), coalesce(on_time, 0),
       coalesce(did_not_react, 0), coalesce(reopened, 0), coalesce(confirmed, 0)) <> (0, 0, 0, 0, 0, 0, 0)
"""
# Days that came out otherwise; a day on which nothing counts any more keeps its row of zeros.
CORRECT = """
WITH told AS (
    INSERT INTO region.daily AS d
    SELECT day, territory, category, registered, consulted, closed, on_time, did_not_react, reopened, confirmed
    FROM right_daily
    ON CONFLICT (day, territory, category) DO UPDATE SET registered = excluded.registered,
        consulted = excluded.consulted, closed = excluded.closed, on_time = excluded.on_time,
        did_not_react = excluded.did_not_react, reopened = excluded.reopened, confirmed = excluded.confirmed
    WHERE (d.registered, d.consulted, d.closed, d.on_time, d.did_not_react, d.reopened, d.confirmed)
        <> (excluded.registered, excluded.consulted, excluded.closed, excluded.on_time, excluded.did_not_react,
            excluded.reopened, excluded.confirmed)
    RETURNING 1
), emptied AS (
    UPDATE region.daily d SET registered = 0, consulted = 0, closed = 0, on_time = 0, did_not_react = 0, reopened = 0,
        confirmed = 0
    WHERE (d.registered, d.consulted, d.closed, d.on_time, d.did_not_react, d.reopened, d.confirmed)
        <> (0, 0, 0, 0, 0, 0, 0)
      AND NOT EXISTS (SELECT FROM right_daily r
                      WHERE (r.day, r.territory, r.category) = (d.day, d.territory, d.category))
    RETURNING 1
)
SELECT (SELECT count(*) FROM told) + (SELECT count(*) FROM emptied)
"""
LOCK_HEARD = "SELECT 1 FROM region.heard ORDER BY territory FOR UPDATE"
CORRECT_HEARD = """
WITH ticket AS (SELECT territory, count(*) AS n, sum(version) AS versions FROM region.ticket GROUP BY 1),
known AS (
    SELECT territory, sum(versions) AS facts FROM (
        SELECT territory, versions FROM ticket
        UNION ALL SELECT territory, sum(version) FROM region.handoff GROUP BY 1
        UNION ALL SELECT territory, sum(count) FROM region.consultation GROUP BY 1
        UNION ALL SELECT territory, count(*) FROM region.audit_head GROUP BY 1) x
    GROUP BY 1
), refused AS (SELECT territory, count(*) AS n FROM region.refused GROUP BY 1)
UPDATE region.heard h SET facts = coalesce(k.facts, 0), known_tickets = coalesce(t.n, 0),
    known_versions = coalesce(t.versions, 0), refused = coalesce(r.n, 0)
FROM region.heard self LEFT JOIN known k ON k.territory = self.territory
LEFT JOIN ticket t ON t.territory = self.territory LEFT JOIN refused r ON r.territory = self.territory
WHERE self.territory = h.territory AND (h.facts, h.known_tickets, h.known_versions, h.refused)
    <> (coalesce(k.facts, 0), coalesce(t.n, 0), coalesce(t.versions, 0), coalesce(r.n, 0))
"""
