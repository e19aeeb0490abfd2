"""Every SQL statement about alerts. All run in the tenant's unit of work."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis109.store import unit
from dispatch109.alerts.model import Alert

_NAMES = tuple(name for name in Alert.__dataclass_fields__ if name != "readers")
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"""
SELECT {_COLUMNS}, coalesce((SELECT json_agg(json_build_array(r.reader_id, r.name) ORDER BY r.at, r.reader_id)
    FROM dispatch.alert_reader r
    WHERE r.tenant_id = app.tenant() AND r.alert_id = a.id AND r.version = a.version), '[]')::text AS readers
FROM dispatch.alert a WHERE a.tenant_id = app.tenant()
"""


async def put(alert: Alert) -> bool:
    """Insert it or replace an older version; False when this version, or a newer one, is known."""
    values = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
    changed = await unit.fetchval(
        f"""INSERT INTO dispatch.alert AS a (tenant_id, {_COLUMNS}) VALUES (app.tenant(), {values})
            ON CONFLICT (tenant_id, id) DO UPDATE SET version = excluded.version, kind = excluded.kind,
                kk = excluded.kk, ru = excluded.ru, en = excluded.en, arrived_at = excluded.arrived_at,
                expires_at = excluded.expires_at, cancelled_at = excluded.cancelled_at
            WHERE a.version < excluded.version RETURNING true""",
        *(getattr(alert, name) for name in _NAMES),
    )
    return changed is not None


async def add_reader(alert: Alert, subject: UUID, name: str, at: datetime) -> bool:
    """Note who has read a version; False when that was known."""
    first = await unit.fetchval(
        """INSERT INTO dispatch.alert_reader (tenant_id, alert_id, version, reader_id, name, at)
           VALUES (app.tenant(), $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true""",
        alert.id, alert.version, subject, name, at,
    )  # fmt: skip
    return first is not None


async def get(alert_id: UUID) -> Alert | None:
    """One alert with who has read it."""
    row = await unit.fetchrow(f"{_SELECT} AND a.id = $1", alert_id)
    return _alert(row) if row else None


async def running(now: datetime) -> list[Alert]:
    """What warns now, the latest first."""
    rows = await unit.fetch(
        f"{_SELECT} AND a.cancelled_at IS NULL AND a.expires_at > $1 ORDER BY a.issued_at DESC, a.id", now
    )
    return [_alert(row) for row in rows]


async def page(after: tuple[datetime, UUID] | None, most: int) -> list[Alert]:
    """Alerts after the keyset (issued_at, id), the latest first."""
    rows = await unit.fetch(
        f"""{_SELECT} AND ($1::timestamptz IS NULL OR (a.issued_at, a.id) < ($1, $2))
            ORDER BY a.issued_at DESC, a.id DESC LIMIT $3""",
        *(after or (None, None)), most,
    )  # fmt: skip
    return [_alert(row) for row in rows]


def _alert(row: asyncpg.Record) -> Alert:
    readers = dict(msgspec.json.decode(row["readers"], type=list[tuple[UUID, str]]))
    return Alert(**{name: row[name] for name in _NAMES}, readers=readers)
