"""The list of applicants to phone: what to say in their language, and how the call ended."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from chassis109.web import paging
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import ATTEMPTS, About, Callback, Owed
from dispatch109.callbacks.routes import note_of, settled
from dispatch109.callbacks.schemas import AttemptForm, CloseForm
from dispatch109.catalogue import service as catalogues
from dispatch109.tickets.routes import Acting, Key
from hub112.contract import incident_types
from identity109.actor import Actor, Language
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109.model import Catalogue, Tenant
from ui109.formatting import moment
from ui109.forms import answered
from ui109.i18n import spoken, translate
from ui109.templating import AnyRequest, page

BOARD = "/t/{slug:str}/op/callbacks"
PAGE = 25


@get(BOARD, opt=requires(P.CALLBACK_RECORD), include_in_schema=False)
async def board(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """Whom to phone, the soonest due first."""
    return page(request, "callbacks/callbacks.html", **await _board(cursor, actor))


@get(f"{BOARD}/rows", opt=requires(P.CALLBACK_RECORD), include_in_schema=False)
async def rows(request: AnyRequest, actor: Acting, cursor: FromQuery[str] = "") -> Template:
    """The list alone, read again after news."""
    return page(request, "callbacks/rows.html", **await _board(cursor, actor))


@post(f"{BOARD}/{{callback_id:uuid}}/attempts", opt=requires(P.CALLBACK_RECORD), include_in_schema=False)
async def attempt(
    request: AnyRequest,
    callback_id: FromPath[UUID],
    data: URLEncodedBody[AttemptForm],
    actor: Acting,
    key: Key,
) -> Response[Any]:
    """How the call ended: confirmed closes the ticket, not done reopens it, no answer asks for another hour."""
    verb = partial(callbacks.record, callback_id, data.outcome, note_of(data.note), actor)
    await settled(key, actor, callback_id, verb)
    return answered(request, f"/t/{actor.here.slug}/op/callbacks")


@post(f"{BOARD}/{{callback_id:uuid}}/close", opt=requires(P.CALLBACK_RECORD), include_in_schema=False)
async def close(
    request: AnyRequest, callback_id: FromPath[UUID], data: URLEncodedBody[CloseForm], actor: Acting, key: Key
) -> Response[Any]:
    """Close the ticket of an applicant whom three attempts at different hours did not reach."""
    verb = partial(callbacks.close_unreached, callback_id, note_of(data.note), actor)
    await settled(key, actor, callback_id, verb)
    return answered(request, f"/t/{actor.here.slug}/op/callbacks")


def beginning_with(callback: Callback, tenant: Tenant) -> str:
    """The address of the list from this callback on, which may stand on a later page."""
    before = paging.encode(tenant.id, callback.due_at - timedelta(microseconds=1), callback.id)
    return f"/t/{tenant.slug}/op/callbacks?cursor={before}#c-{callback.id}"


async def _board(cursor: str, actor: Actor) -> dict[str, Any]:
    tenant, catalogue = actor.here, await catalogues.of(actor.here)
    after = paging.decode(cursor or None, tenant.id, tuple[datetime, UUID])
    found = await callbacks.board(after, PAGE + 1, actor)
    shown = paging.page(found, PAGE, tenant.id, lambda owed: (owed.callback.due_at, owed.callback.id))
    return {
        "rows": [(owed, what_to_say(owed, tenant, catalogue)) for owed in shown.items], "catalogue": catalogue,
        "asked": {o.callback.id: what_was_asked(o.about, catalogue, actor.language) for o in shown.items},
        "cursor": cursor, "next": shown.next, "attempts_wanted": ATTEMPTS,
    }  # fmt: skip


def what_to_say(owed: Owed, tenant: Tenant, catalogue: Catalogue) -> list[str]:
    """The call in sentences, in the applicant's own language."""
    about, language = owed.about, spoken(owed.applicant.language)
    name = owed.applicant.name
    hello = translate("Hello, {name}!", language, name=name) if name else translate("Hello!", language)
    asked = translate(
        "On {date} you asked us: {category}. Place: {place}. The number of your request is {number}.",
        language, date=moment(about.opened_at, language, "dd.MM.yyyy"),
        category=what_was_asked(about, catalogue, language), number=about.origin_reference or about.reference,
        place=about.address or about.landmark or translate("a point on the map", language),
    )  # fmt: skip
    done = _what_was_done(about, catalogue, language)
    return [
        f"{hello} {translate('This is the 109 service, {tenant}.', language, tenant=tenant.names[language])}",
        asked,
        done,
        translate("Is it so? Has it been done?", language),
    ]


def what_was_asked(about: About, catalogue: Catalogue, language: Language) -> str:
    """The category, or the kind of emergency, in words."""
    if about.emergency:
        return incident_types()[about.category_code].names[language]
    category = catalogue.category_ever(about.category_code)
    return category.names[language] if category else about.category_code


def _what_was_done(about: About, catalogue: Catalogue, language: Language) -> str:
    if about.by_emergency:
        return translate("The emergency services report that their work is done.", language)
    service = catalogue.service_ever(about.service_code) if about.service_code else None
    named = service.names[language] if service else translate("The service", language)
    return translate("{service} reports that the work is done.", language, service=named)


PAGES = (board, rows, attempt, close)
