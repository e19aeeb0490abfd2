"""Reading lists of tickets: what the person may see, page by page."""

from dataclasses import dataclass, replace

from chassis109.kernel.folding import fold
from chassis109.kernel.text import Form
from chassis109.store.unit import transaction
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import read_phone
from dispatch109.queue import repository
from dispatch109.queue.model import SORTED_BY, Filter, Place, Row, read_number
from identity109.actor import Actor
from identity109.permissions import Permission

MOST_WORDS = 100
PHONE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, where the next page begins (None: this was the last), and how many there are (up to 1 000)."""

    rows: list[Row]
    next: Place | None
    count: int


async def page(wanted: Filter, after: Place | None, most: int, actor: Actor, *, counted: bool = True) -> Page:
    """One page of the tickets that `actor` may see."""
    wanted = within(wanted, actor)
    async with transaction(actor.tenant_id):
        rows, count = await repository.page(wanted, after, most + 1, counted=counted)
    shown = rows[:most]
    last = shown[-1] if len(rows) > most else None
    return Page(shown, _place(wanted, last) if last else None, count)


async def count(wanted: Filter, actor: Actor) -> int:
    """How many tickets of the filter the actor may see, counted up to 1 000."""
    async with transaction(actor.tenant_id):
        return await repository.count(within(wanted, actor))


def _place(wanted: Filter, row: Row) -> Place:
    return Place(getattr(row, SORTED_BY[wanted.view]), row.id)


def within(wanted: Filter, actor: Actor) -> Filter:
    """The filter narrowed to what the actor may see: an executor's own service."""
    return replace(wanted, service=actor.service) if actor.service else wanted


def searched(wanted: Filter, typed: str, actor: Actor) -> Filter:
    """The filter with what was typed into search: a phone, a ticket number, or words in text and place."""
    form = Form()
    words = form.text("q", typed, most=MOST_WORDS)
    form.done()
    if not words:
        return wanted
    wanted = replace(wanted, view="all")
    if number := read_number(words):
        return replace(wanted, number=number)
    phone = read_phone(Form(), "q", words) if sum(c.isdigit() for c in words) >= PHONE_DIGITS else ""
    if phone and actor.may(Permission.CONTACT_OWN) and actor.tenant_id is not None:
        return replace(wanted, phone_index=contacts.phone_index(actor.tenant_id, phone))
    return replace(wanted, words=fold(words))
