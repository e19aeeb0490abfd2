"""Attachments (a row in the database, the bytes in a file under the tenant) and the counts of the inbox."""

import os
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from chassis109.store import unit
from dispatch109.execution.model import Photo
from dispatch109.queue.repository import COUNT_LIMIT

_folder: list[Path] = []


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored photo. `bytes` is its size."""

    id: UUID
    ticket_id: UUID
    media_type: str
    bytes: int
    width: int
    height: int
    added_at: datetime


def use_folder(folder: Path) -> None:
    """Set where attachments lie; called once by the entry point."""
    _folder[:] = [folder]


def path_of(tenant: int, attachment_id: UUID) -> Path:
    """The file of an attachment; the tenant is part of the path, the name is ours alone."""
    return _folder[0] / str(int(tenant)) / attachment_id.hex[:8] / attachment_id.hex


def write_file(tenant: int, attachment_id: UUID, content: bytes) -> Path:
    """Write the bytes so that they survive a power cut; the path."""
    path = path_of(tenant, attachment_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


async def insert(attachment_id: UUID, ticket_id: UUID, photo: Photo, at: datetime, by: UUID) -> None:
    """Note a photo of a ticket."""
    await unit.execute(
        """INSERT INTO dispatch.attachment
               (tenant_id, id, ticket_id, media_type, bytes, width, height, sha256, added_at, added_by)
           VALUES (app.tenant(), $1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        attachment_id, ticket_id, photo.media_type, len(photo.content), photo.width, photo.height,
        sha256(photo.content).digest(), at, by,
    )  # fmt: skip


_SELECT = "SELECT id, ticket_id, media_type, bytes, width, height, added_at FROM dispatch.attachment"


async def get(attachment_id: UUID) -> Attachment | None:
    """An attachment of the tenant."""
    row = await unit.fetchrow(f"{_SELECT} WHERE tenant_id = app.tenant() AND id = $1", attachment_id)
    return Attachment(**row) if row else None


async def of_ticket(ticket_id: UUID) -> list[Attachment]:
    """The photos of a ticket, oldest first."""
    rows = await unit.fetch(
        f"{_SELECT} WHERE tenant_id = app.tenant() AND ticket_id = $1 ORDER BY added_at, id", ticket_id
    )
    return [Attachment(**row) for row in rows]


_OPEN = "tenant_id = app.tenant() AND service_code = $1 AND closed_at IS NULL"
_LATE = "due_at < now() AND done_at IS NULL AND paused_at IS NULL"
_TAB_COUNTS = f"""
SELECT wanted.state, (SELECT count(*) FROM (
    SELECT 1 FROM dispatch.ticket t WHERE {_OPEN} AND t.state = wanted.state LIMIT {COUNT_LIMIT}) AS c) AS n
FROM unnest($2::text[]) AS wanted (state)
UNION ALL SELECT 'overdue', (SELECT count(*) FROM (
    SELECT 1 FROM dispatch.ticket WHERE {_OPEN} AND {_LATE} LIMIT {COUNT_LIMIT}) AS c)
"""


async def tab_counts(service: str, states: list[str]) -> dict[str, int]:
    """How many tickets of a service stand in each of `states` and are `overdue`, each counted up to 1 000."""
    return {row["state"]: row["n"] for row in await unit.fetch(_TAB_COUNTS, service, states)}
