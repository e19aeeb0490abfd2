"""What a ticket says on the bus, to the letter: whoever adds a field must show that it is nobody's."""

from tests import makers

from dispatch109.tickets import messages
from dispatch109.tickets.messages import subject
from dispatch109.tickets.model import Ticket
from region109.contract import TicketFact, decode_fact, encode
from tenancy109.model import Catalogue, Service

FIELDS = {
    "tenant", "id", "reference", "version", "category", "service", "state", "priority", "opened_at", "updated_at",
    "react_by", "due_at", "statutory_due", "paused_at", "unanswered", "reopened", "done_at", "closed_at", "confirmed",
    "point", "service_kind", "origin", "origin_reference",
}  # fmt: skip
WATER = Service(code="water", kind="utility", names={"kk": "Су"}, phone="+77152000000", position=1)
CATALOGUE = Catalogue(categories=(), services=(WATER,), zones=(), routes=())


def told(ticket: Ticket) -> TicketFact:
    return messages.fact("petropavl", CATALOGUE, ticket)


def test_a_fact_has_these_fields_and_no_other() -> None:
    assert set(TicketFact.__struct_fields__) == FIELDS


def test_a_fact_carries_no_text_no_place_name_and_no_person() -> None:
    ticket = makers.ticket(text="Айгүл, кв. 5", address="Жұмабаев 109", landmark="у школы")

    wire = encode(told(ticket)).decode()

    for word in ("Айгүл", "Жұмабаев", "школы", str(ticket.contact_id), str(ticket.opened_by)):
        assert word not in wire


def test_a_point_on_the_bus_is_the_house_and_not_the_door() -> None:
    fact = told(makers.ticket(point=(69.140123, 54.870987)))

    assert fact.point == (69.14, 54.871)
    assert told(makers.ticket(point=None)).point is None


def test_a_fact_says_its_version_and_the_region_reads_it() -> None:
    fact = told(makers.ticket())

    assert decode_fact(subject("petropavl"), encode(fact)) == fact


def test_a_fact_names_the_kind_of_the_service_and_where_the_ticket_came_from() -> None:
    referred = told(makers.ticket(service_code="water", origin_slug="esil", origin_reference="109-26-000007"))

    assert (referred.service, referred.service_kind) == ("water", "utility")
    assert (referred.origin, referred.origin_reference) == ("esil", "109-26-000007")


def test_a_tenant_speaks_on_its_own_subject() -> None:
    assert subject("shal-aqyn") == "sko.feed.shal-aqyn.ticket"
