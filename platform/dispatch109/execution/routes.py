"""The service's report over JSON and multipart: done with photos, a photo more, a photo to look at."""

from uuid import UUID

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, JSONBody, MultipartBody
from litestar.response import File
from msgspec import Struct

from dispatch109.callbacks.routes import note_of
from dispatch109.execution import service as execution
from dispatch109.tickets import reading
from dispatch109.tickets.routes import ONE, Acting, Key, moved
from dispatch109.tickets.schemas import TicketOut, Version
from identity109.permissions import Permission as P
from identity109.permissions import requires

MOST_UPLOADED = 11 * 1024 * 1024
"""A photo of 10 MB and its form."""


class DoneIn(Struct, forbid_unknown_fields=True):
    """The work is done; photos may be added before by `/photos`."""

    version: Version
    note: str = ""


class PhotoOut(Struct):
    """A stored photo."""

    id: UUID


class Upload(Struct):
    """One photo: JPEG, PNG or WebP by its content, at most 10 MB."""

    photo: UploadFile


@post(f"{ONE}/done", opt=requires(P.TICKET_EXECUTE), tags=["service"], status_code=200)
async def done(ticket_id: FromPath[str], data: JSONBody[DoneIn], actor: Acting, key: Key) -> TicketOut:
    """Report the work as done; the applicant is now owed a call."""
    note = note_of(data.note)  # first: a refused note must not tell which tickets of other services there are
    ticket = await reading.known(ticket_id, actor)
    return await moved(key, actor, ticket, lambda of: execution.finish(of, data.version, note, [], actor))


@post(f"{ONE}/photos", opt=requires(P.TICKET_EXECUTE), tags=["service"], request_max_body_size=MOST_UPLOADED)
async def add_photo(
    ticket_id: FromPath[str], data: MultipartBody[Upload], actor: Acting, key: Key
) -> PhotoOut:
    """Add a photo that shows the work."""
    ticket = await reading.ticket(ticket_id, actor)
    (photo,) = await execution.read_photos([await data.photo.read()])
    return PhotoOut(await execution.add_photo(ticket.id, photo, actor, key))


@get("/api/v1/t/{slug:str}/photos/{photo_id:uuid}", opt=requires(P.TICKET_READ), tags=["tickets"])
async def photo(photo_id: FromPath[UUID], actor: Acting) -> File:
    """A photo; never executed, never cached for others."""
    return await photo_file(photo_id, actor)


async def photo_file(photo_id: UUID, actor: Acting) -> File:
    """The answer with a photo's bytes."""
    attachment, path = await execution.photo(photo_id, actor)
    name = f"{attachment.id}.{attachment.media_type.removeprefix('image/')}"
    return File(
        path, filename=name, media_type=attachment.media_type, content_disposition_type="inline",
        headers={"Content-Security-Policy": "default-src 'none'; sandbox"},
    )  # fmt: skip


ROUTES = (done, add_photo, photo)
