"""The desk of an emergency service as people see it: board, card, archive, and what could not be worked."""

from functools import partial
from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from chassis109.store.idempotency import RequestKey
from hub112.agencies import service as agencies
from hub112.board import model as words
from hub112.board import service as boards
from hub112.board.routes import Acting, Key, Verb, page_of_ended, settled
from hub112.board.schemas import (
    CloseForm,
    DeclineForm,
    DeferForm,
    ForwardForm,
    NoteForm,
    SilenceForm,
    UnitForm,
)
from hub112.contract import SERVICES, incident_types, moment
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.desks.model import RUNGS, WAITING, WrongState
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import directory
from ui109.formatting import ZONE
from ui109.forms import answered
from ui109.templating import AnyRequest, language_of, page

DESK = "/hub/{slug:str}"
ONE = f"{DESK}/h/{{handoff_id:uuid}}"
PAGE = 25
MOST_ROWS = 50
"""More than a person overlooks; in a flood the page must stay quick. What is behind them moves up."""
MOST_TOLD = 200
"""The strip shows few and knows more: each of its lines is a receipt and a number to write down."""
Shown = Literal["live", "exercise"]
"""Tests between machines are nothing that people look at."""


@get(DESK, opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def board(request: AnyRequest, actor: Acting, mode: FromQuery[Shown] = "live") -> Template:
    """What waits, the most urgent on top, and what is under way; drills stand apart."""
    return page(request, "board/board.html", **await _boards(actor, mode), **await _frame())


@get(f"{DESK}/part", opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def part(request: AnyRequest, actor: Acting, mode: FromQuery[Shown] = "live") -> Template:
    """The rows alone, read again after news."""
    return page(request, "board/rows.html", **await _boards(actor, mode), **await _frame())


@get(f"{DESK}/strip", opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def strip(request: AnyRequest, actor: Acting) -> Template:
    """The alarm strip of every page of the desk: what nobody has answered."""
    return page(request, "board/strip.html", **await _boards(actor, "live"), **await _frame())


@get(ONE, opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def card(request: AnyRequest, handoff_id: FromPath[UUID], actor: Acting) -> Template:
    """Everything about one handoff on one page."""
    found = {"card": await reading.card(handoff_id, actor), **await _boards(actor, "live")}
    return page(request, "board/card.html", **found, **await _frame())


@get(f"{ONE}/part", opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def card_part(request: AnyRequest, handoff_id: FromPath[UUID], actor: Acting) -> Template:
    """The same without its frame, read again after news."""
    found = await reading.card(handoff_id, actor)
    return page(request, "board/card_part.html", card=found, **await _frame())


@get(f"{DESK}/archive", opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def archive(
    request: AnyRequest, actor: Acting, q: FromQuery[str] = "", cursor: FromQuery[str] = ""
) -> Template:
    """What has ended, the latest first; found by number or incident."""
    shown = await page_of_ended(q, cursor or None, PAGE, actor)
    found = {"shown": shown, "q": q, "cursor": cursor, **await _boards(actor, "live")}
    return page(request, "board/archive.html", **found, **await _frame())


@get(f"{DESK}/put-aside", opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def put_aside(request: AnyRequest, actor: Acting) -> Template:
    """Messages that could not be worked; their senders were told."""
    found = {"messages": await reading.put_aside(actor), **await _boards(actor, "live")}
    return page(request, "board/put_aside.html", **found, **await _frame())


@get(f"{DESK}/outline", opt=requires(P.HANDOFF_READ), include_in_schema=False)
async def outline(actor: Acting) -> Response[bytes]:
    """Where the desk works, as a GeoJSON feature for the map."""
    found = await directory.outline(actor.here.id)
    feature = f'{{"type": "Feature", "properties": {{}}, "geometry": {found.geojson()}}}'
    return Response(
        feature.encode(), media_type="application/geo+json", headers={"Cache-Control": "private, max-age=300"}
    )


@post(f"{ONE}/receipt", opt=requires(P.HANDOFF_RECEIPT), include_in_schema=False)
async def receipt(request: AnyRequest, handoff_id: FromPath[UUID], actor: Acting) -> Response[Any]:
    """The browser shows it: the desk's software has it (T1)."""
    await desks.receipt(handoff_id, actor)
    return answered(request, actor.here.path)


@post(f"{ONE}/seen", opt=requires(P.HANDOFF_RECEIPT), include_in_schema=False)
async def seen(request: AnyRequest, handoff_id: FromPath[UUID], actor: Acting) -> Response[Any]:
    """A person has opened it (T2)."""
    await desks.see(handoff_id, actor)
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/accept", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def accept(request: AnyRequest, handoff_id: FromPath[UUID], actor: Acting, key: Key) -> Response[Any]:
    """The desk takes it over, in the name of the person."""
    await _decided(key, actor, handoff_id, desks.accept)
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/decline", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def decline(
    request: AnyRequest,
    handoff_id: FromPath[UUID],
    data: URLEncodedBody[DeclineForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """Back to 109 with a reason, and with who could do it."""
    forward_to = data.forward_to or None
    verb = partial(desks.decline, reason_code=data.reason_code, reason=data.reason, forward_to=forward_to)
    await _decided(key, actor, handoff_id, verb)
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/defer", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def defer(
    request: AnyRequest, handoff_id: FromPath[UUID], data: URLEncodedBody[DeferForm], actor: Acting, key: Key
) -> Response[Any]:
    """Not now, but in so many minutes."""
    minutes = boards.minutes(data.minutes)
    await _decided(key, actor, handoff_id, partial(desks.defer, minutes=minutes, note=data.note))
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/forward", opt=requires(P.HANDOFF_FORWARD), include_in_schema=False)
async def forward(
    request: AnyRequest,
    handoff_id: FromPath[UUID],
    data: URLEncodedBody[ForwardForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """Another desk is asked; until it accepts, this one keeps the handoff."""
    await settled(key, actor, handoff_id, partial(desks.forward, to=data.to, reason=data.reason))
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/units", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def units(
    request: AnyRequest, handoff_id: FromPath[UUID], data: URLEncodedBody[UnitForm], actor: Acting, key: Key
) -> Response[Any]:
    """A crew is assigned, or the next thing it reported."""
    unit = boards.unit(data.unit_id, data.call_sign, data.kind, data.status)
    await settled(key, actor, handoff_id, partial(desks.report_unit, unit=unit))
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/close", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def close(
    request: AnyRequest, handoff_id: FromPath[UUID], data: URLEncodedBody[CloseForm], actor: Acting, key: Key
) -> Response[Any]:
    """The work is over: how it ended, in the words of the person's language."""
    disposition = boards.disposition(data.outcome, data.text, language_of(request))
    await settled(key, actor, handoff_id, partial(desks.close, disposition=disposition))
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/confirm-cancel", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def confirm_cancel(
    request: AnyRequest, handoff_id: FromPath[UUID], data: URLEncodedBody[NoteForm], actor: Acting, key: Key
) -> Response[Any]:
    """The crews are called back, as 109 asked."""
    await settled(key, actor, handoff_id, partial(desks.confirm_cancel, note=data.text))
    return answered(request, _card(handoff_id, actor))


@post(f"{ONE}/notes", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def note(
    request: AnyRequest, handoff_id: FromPath[UUID], data: URLEncodedBody[NoteForm], actor: Acting, key: Key
) -> Response[Any]:
    """Words for everybody who works on the incident."""
    await settled(key, actor, handoff_id, partial(desks.note, text=data.text))
    return answered(request, _card(handoff_id, actor))


@post(f"{DESK}/silence", opt=requires(P.HANDOFF_DECIDE), include_in_schema=False)
async def silence(request: AnyRequest, data: URLEncodedBody[SilenceForm], actor: Acting) -> Response[Any]:
    """The person's own screen makes no sound for half a minute; the reason is audited."""
    await boards.silence(data.reason, actor)
    return answered(request, actor.here.path)


async def _decided(key: RequestKey | None, actor: Actor, handoff_id: UUID, verb: Verb) -> None:
    """Run a verb that answers for the desk; who comes second is told by name who was first."""
    try:
        await settled(key, actor, handoff_id, verb)
    except WrongState as refused:
        if refused.members()["decided_at"]:
            raise words.AnsweredBefore(refused, ZONE) from refused
        raise


async def _boards(actor: Actor, mode: Shown) -> dict[str, Any]:
    """The board of a mode, and what nobody has answered in either: the alarm sounds for drills as well."""
    both = await boards.both(actor)
    return {
        "board": both[mode], "mode": mode, "counts": {name: len(found.waiting) for name, found in both.items()},
        "unanswered": boards.unanswered(both), "most": MOST_ROWS, "most_told": MOST_TOLD,
    }  # fmt: skip


async def _frame() -> dict[str, Any]:
    return {
        "agencies": await agencies.all_(), "words": words, "types": incident_types(), "services": SERVICES,
        "rungs": RUNGS, "waiting": WAITING, "at": moment,
    }  # fmt: skip


def _card(handoff_id: UUID, actor: Actor) -> str:
    return f"{actor.here.path}/h/{handoff_id}"


PAGES = (
    board, part, strip, card, card_part, archive, put_aside, outline, receipt, seen, accept, decline, defer, forward,
    units, close, confirm_cancel, note, silence,
)  # fmt: skip
