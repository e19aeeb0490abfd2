"""The responsible service reports its work: photos, and done with the call that is owed for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import anyio

from chassis109.kernel import clock
from chassis109.kernel.errors import FieldError, Invalid, NotFound
from chassis109.kernel.ids import uuid7
from chassis109.store.idempotency import RequestKey, claim, once
from chassis109.store.unit import transaction
from dispatch109.callbacks import service as callbacks
from dispatch109.execution import repository
from dispatch109.execution.model import TABS, Photo, read_photo
from dispatch109.execution.repository import Attachment
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter, Place, Row
from dispatch109.tickets import repository as ticket_rows
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import Ticket
from identity109.actor import Actor

MOST_PHOTOS = 10
MOST_KEPT = 50
"""Photos of one ticket, over all its reports: a script in a loop must not fill the disk."""
DECODED_AT_ONCE = 2
"""A photo of 50 million pixels takes 500 MB while it is decoded and encoded."""
_decoders = anyio.CapacityLimiter(DECODED_AT_ONCE)


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of one tab, where the next page begins, and how many stand in each tab (up to 1 000)."""

    rows: list[Row]
    next: Place | None
    counts: dict[str, int]


async def inbox(tab: str, after: Place | None, most: int, actor: Actor) -> Inbox:
    """What the actor's service has to do; new tickets by the time to accept them, others by the time to be done.

    Raises NotFound for whoever belongs to no service.
    """
    if actor.service is None:
        raise NotFound
    view = "waiting" if tab == "new" else "open"
    wanted = Filter(view=view, states=TABS[tab], service=actor.service, overdue=tab == "overdue")
    states = {name: held[0].value for name, held in TABS.items() if held}
    async with transaction(actor.tenant_id):
        found = await queue.page(wanted, after, most, actor, counted=False)
        counts = await repository.tab_counts(actor.service, list(states.values()))
    return Inbox(found.rows, found.next, {tab: counts[states.get(tab, tab)] for tab in TABS})


async def read_photos(contents: list[bytes]) -> list[Photo]:
    """Decode uploads outside the event loop; raises Invalid, PhotoTooLarge."""
    if len(contents) > MOST_PHOTOS:
        raise Invalid(FieldError("photo", "count", "At most {most} photos at once.", {"most": MOST_PHOTOS}))
    return [await anyio.to_thread.run_sync(read_photo, content, limiter=_decoders) for content in contents]


async def finish(
    ticket_id: UUID, version: int | None, note: str, photos: list[Photo], actor: Actor
) -> Ticket:
    """Report the work as done with its photos and owe the applicant a call, all in one transaction."""
    async with transaction(actor.tenant_id), _files() as written:
        for photo in photos:
            await _store(ticket_id, photo, actor, written)
        ticket = await tickets.finish(ticket_id, version, note, actor, evidence=len(photos))
        await callbacks.plan(ticket, actor)
    return ticket


async def add_photo(ticket_id: UUID, photo: Photo, actor: Actor, key: RequestKey | None = None) -> UUID:
    """Add a photo to a ticket of the service, once for each Idempotency-Key; its id."""

    async def add() -> UUID:
        async with transaction(actor.tenant_id), _files() as written:
            attachment_id = await _store(ticket_id, photo, actor, written)
            await claim(key, attachment_id)
            await tickets.note_evidence(ticket_id, attachment_id, actor)
        return attachment_id

    return await once(actor.here.id, key, add, _same)


async def _same(attachment_id: UUID) -> UUID:
    return attachment_id


async def photo(attachment_id: UUID, actor: Actor) -> tuple[Attachment, Path]:
    """A photo and its file, when the actor may see its ticket."""
    async with transaction(actor.tenant_id):
        attachment = await repository.get(attachment_id)
        ticket = await ticket_rows.find(attachment.ticket_id) if attachment else None
    if attachment is None or ticket is None or not tickets.reaches(actor, ticket):
        raise NotFound
    return attachment, repository.path_of(actor.here.id, attachment.id)


async def photos(ticket_id: UUID, actor: Actor) -> list[Attachment]:
    """The photos of a ticket, oldest first."""
    async with transaction(actor.tenant_id):
        return await repository.of_ticket(ticket_id)


async def _store(ticket_id: UUID, photo: Photo, actor: Actor, written: list[Path]) -> UUID:
    ticket = await ticket_rows.get(ticket_id)
    if ticket is None or not tickets.reaches(actor, ticket):
        raise NotFound
    if len(await repository.of_ticket(ticket_id)) >= MOST_KEPT:
        raise Invalid(FieldError("photo", "kept", "A ticket has at most {most} photos.", {"most": MOST_KEPT}))
    attachment_id = uuid7()
    written.append(repository.path_of(actor.here.id, attachment_id))
    await anyio.to_thread.run_sync(repository.write_file, actor.here.id, attachment_id, photo.content)
    await repository.insert(attachment_id, ticket_id, photo, clock.now(), actor.subject)
    return attachment_id


@asynccontextmanager
async def _files() -> AsyncIterator[list[Path]]:
    """Collect the files a unit writes, and remove them when it fails: nothing is half stored.

    It ends before the COMMIT: when that one's answer is lost, the row may stand and must keep its file.
    """
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
