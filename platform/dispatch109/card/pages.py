"""The card of a ticket: the whole story, what may be done now, and the correction of the record."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dispatch109.callbacks.pages import beginning_with
from dispatch109.callbacks.routes import note_of
from dispatch109.calls.service import Said
from dispatch109.card import model
from dispatch109.card import service as cards
from dispatch109.card.schemas import AmendForm, AssignForm, ReferForm, UnmaskForm
from dispatch109.catalogue import service as catalogues
from dispatch109.emergencies import bar
from dispatch109.execution.model import reports_from
from dispatch109.execution.pages import CARD, card_of
from dispatch109.referrals.pages import RULES, STATES
from dispatch109.referrals.routes import sent
from dispatch109.tickets import applicant, reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import StaleVersion, Ticket
from dispatch109.tickets.routes import Acting, Key, settled
from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from tenancy109 import directory
from tenancy109.model import Catalogue
from ui109.forms import answered
from ui109.i18n import translate
from ui109.templating import AnyRequest, language_of, page

Shown = Template | Response[Any]
# What stands on a ticket and may be corrected, in the order of the form.
FIELDS = ("category", "priority", "text", "address", "landmark", "lat", "lon")
LABELS = {
    "category": "category_code", "priority": "priority", "text": "text", "address": "address",
    "landmark": "landmark", "lat": "point", "lon": "point",
}  # fmt: skip


@get(CARD, opt=requires(P.TICKET_READ), include_in_schema=False)
async def show(request: AnyRequest, ticket_id: FromPath[str], actor: Acting) -> Template:
    """The card by id or by number."""
    return page(request, "card/card.html", **await _context(ticket_id, actor))


@get(f"{CARD}/part", opt=requires(P.TICKET_READ), include_in_schema=False)
async def part(request: AnyRequest, ticket_id: FromPath[str], actor: Acting) -> Template:
    """What changes while others work on the ticket, read again after news."""
    return page(request, "card/part.html", **await _context(ticket_id, actor))


@post(f"{CARD}/assign", opt=requires(P.TICKET_ASSIGN), include_in_schema=False)
async def assign(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[AssignForm], actor: Acting, key: Key
) -> Shown:
    """Make another service responsible."""
    note, ticket = note_of(data.note), await reading.known(ticket_id, actor)
    await settled(key, actor, ticket, lambda of: tickets.assign(of, data.version, data.service, note, actor))
    return answered(request, card_of(actor, ticket.reference))


@post(f"{CARD}/amend", opt=requires(P.TICKET_OPEN), include_in_schema=False)
async def amend(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[AmendForm], actor: Acting, key: Key
) -> Shown:
    """Correct the record. When someone else wrote there first, both versions side by side."""
    ticket, said, was = await reading.known(ticket_id, actor), data.said(), data.before()
    try:
        await settled(key, actor, ticket, lambda of: cards.correct(of, data.version, said, was, actor))
    except StaleVersion as stale:
        if "hx-request" not in request.headers:
            raise
        return await _merge(request, stale.ticket, data, actor)
    return answered(request, card_of(actor, ticket.reference))


@post(f"{CARD}/refer", opt=requires(P.REFERRAL_SEND), include_in_schema=False)
async def refer(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[ReferForm], actor: Acting, key: Key
) -> Shown:
    """Offer the ticket to another tenant."""
    ticket = await reading.ticket(ticket_id, actor)
    await sent(key, actor, ticket, data.version, data.to, data.reason)
    return answered(request, card_of(actor, ticket.reference))


@post(f"{CARD}/unmask", opt=requires(P.CONTACT_UNMASK), status_code=200, include_in_schema=False)
async def unmask(
    request: AnyRequest, ticket_id: FromPath[str], data: URLEncodedBody[UnmaskForm], actor: Acting
) -> Template:
    """Name and phone for a reason, which is in the audit before they are shown."""
    ticket = await reading.ticket(ticket_id, actor)
    shown = await applicant.unmask(ticket.id, data.reason, actor)
    return page(request, "card/applicant.html", applicant=shown)


async def _context(written: str, actor: Actor) -> dict[str, Any]:
    card, catalogue = await cards.read(written, actor), await catalogues.of(actor.here)
    ticket = card.ticket
    return {
        "card": card, "ticket": ticket, "catalogue": catalogue, "applicant": card.applicant, "words": model,
        "bar": bar, "may_hand_off": model.may_hand_off(ticket, actor),
        "call_at": beginning_with(card.callback, actor.here) if card.callback else "",
        "reports": _reports(ticket, catalogue, actor), "may_assign": model.may_assign(ticket, actor),
        "may_refer": model.may_refer(ticket, card.referrals, actor), "tenants": await directory.all(),
        "may_withdraw": model.may_withdraw(card.referrals, actor), "referral_states": STATES, "referral_rules": RULES,
        "may_amend": model.may_amend(ticket, actor), "was": msgspec.json.encode(cards.written(ticket)).decode(),
    }  # fmt: skip


def _reports(ticket: Ticket, catalogue: Catalogue, actor: Actor) -> frozenset[str]:
    """What the person may report for the responsible service; a pause only where the category allows it."""
    if not actor.may(P.TICKET_EXECUTE) or actor.service != ticket.service_code:
        return frozenset()
    category = catalogue.category_ever(ticket.category_code)
    reports = reports_from(ticket.state)
    return reports if category and category.pause_allowed else reports - {"pause"}


async def _merge(request: AnyRequest, present: Ticket, data: AmendForm, actor: Actor) -> Template:
    """Rows for the fields that differ; where the person changed nothing the other's value is chosen."""
    language, catalogue = language_of(request), await catalogues.of(actor.here)
    mine, theirs = _shown(data.said()), _shown(cards.written(present))
    was = _shown(data.before() or cards.written(present))
    differing = [name for name in FIELDS if theirs[name] != mine[name]]
    words = {
        "category": {c.code: c.names[language] for c in catalogue.categories},
        "priority": {code: translate(word, language) for code, word in model.PRIORITIES.items()},
    }
    rows = [(name, _label(name, language), theirs[name], mine[name]) for name in differing]
    untouched = {name for name in differing if mine[name] == was[name]}
    return page(
        request, "card/merge.html", status=409, rows=rows, version=present.version, words=words,
        untouched=untouched,
    )  # fmt: skip


def _label(name: str, language: str) -> str:
    if name in {"lat", "lon"}:
        return translate("Latitude", language) if name == "lat" else translate("Longitude", language)
    return translate(model.FIELDS[LABELS[name]], language)


def _shown(said: Said) -> dict[str, str]:
    """The fields as they stand in the form."""
    values = {name: getattr(said, name) for name in FIELDS}
    return {
        name: "" if value is None else str(value).replace("\r\n", "\n").strip()
        for name, value in values.items()
    }


PAGES = (show, part, assign, amend, refer, unmask)
