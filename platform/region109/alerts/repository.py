"""Every SQL statement about alerts. All run in the region's unit of work."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from chassis109.store import unit
from region109.alerts.model import Alert, Receipt

_NAMES = tuple(name for name in Alert.__dataclass_fields__ if name != "receipts")
_COLUMNS = ", ".join(_NAMES)
_SELECT = f"""
SELECT {", ".join(f"a.{name}" for name in _NAMES)}, (
    SELECT coalesce(json_agg(json_build_object('territory', t.slug, 'arrived_version', r.arrived_version,
               'arrived_at', r.arrived_at, 'read_version', r.read_version, 'read_at', r.read_at, 'read_by', r.read_by)
           ORDER BY r.read_version IS NOT NULL, r.arrived_version IS NOT NULL, t.id), '[]')
    FROM region.alert_receipt r JOIN region.territory t ON t.id = r.territory WHERE r.alert_id = a.id)::text AS receipts
FROM region.alert a
"""


async def insert(alert: Alert, territories: tuple[str, ...]) -> None:
    """A new warning and its area."""
    values = ", ".join(f"${number}" for number in range(1, len(_NAMES) + 1))
    await unit.execute(
        f"INSERT INTO region.alert ({_COLUMNS}) VALUES ({values})", *(getattr(alert, name) for name in _NAMES)
    )
    await unit.execute(
        """INSERT INTO region.alert_receipt (alert_id, territory)
           SELECT $1, id FROM region.territory WHERE slug = ANY($2)""",
        alert.id, list(territories),
    )  # fmt: skip


async def cancel(alert: Alert) -> None:
    """Write that it is called off."""
    await unit.execute(
        "UPDATE region.alert SET version = $2, cancelled_at = $3, cancelled_name = $4 WHERE id = $1",
        alert.id, alert.version, alert.cancelled_at, alert.cancelled_name,
    )  # fmt: skip


async def get(alert_id: UUID) -> Alert | None:
    """One warning, locked until the end of the unit."""
    row = await unit.fetchrow(f"{_SELECT} WHERE a.id = $1 FOR UPDATE OF a", alert_id)
    return _alert(row) if row else None


async def arrived(alert_id: UUID, territory: str, version: int, at: datetime) -> bool:
    """It has come to a territory; False when the territory is not of its area. An older version changes nothing."""
    return await _receipt(
        """arrived_at = CASE WHEN coalesce(r.arrived_version, 0) < $3 THEN $4 ELSE r.arrived_at END,
           arrived_version = greatest(r.arrived_version, $3)""",
        alert_id, territory, version, at,
    )  # fmt: skip


async def read(alert_id: UUID, territory: str, version: int, at: datetime, by: str) -> bool:
    """The shift has read it; the first reader of the newest version counts."""
    return await _receipt(
        """read_by = CASE WHEN coalesce(r.read_version, 0) < $3 THEN $5 ELSE r.read_by END,
           read_at = CASE WHEN coalesce(r.read_version, 0) < $3 THEN $4 ELSE r.read_at END,
           read_version = greatest(r.read_version, $3)""",
        alert_id, territory, version, at, by,
    )  # fmt: skip


async def _receipt(changes: str, *args: object) -> bool:
    found = await unit.fetchval(
        f"""UPDATE region.alert_receipt r SET {changes} FROM region.territory t
            WHERE r.alert_id = $1 AND t.id = r.territory AND t.slug = $2 RETURNING true""",
        *args,
    )
    return found is not None


async def page(after: tuple[datetime, UUID] | None, most: int) -> list[Alert]:
    """Warnings after the keyset (issued_at, id), the latest first."""
    rows = await unit.fetch(
        f"""{_SELECT} WHERE $1::timestamptz IS NULL OR (a.issued_at, a.id) < ($1, $2)
            ORDER BY a.issued_at DESC, a.id DESC LIMIT $3""",
        *(after or (None, None)), most,
    )  # fmt: skip
    return [_alert(row) for row in rows]


def _alert(row: asyncpg.Record) -> Alert:
    receipts = msgspec.json.decode(row["receipts"], type=tuple[Receipt, ...])
    return Alert(**{name: row[name] for name in _NAMES}, receipts=receipts)
