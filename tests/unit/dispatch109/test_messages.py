"""What a ticket says on the bus, to the letter: whoever adds a field must show that it is nobody's."""

import msgspec
from tests import makers

from dispatch109.tickets.messages import TicketFact, subject

FIELDS = {
    "tenant", "id", "reference", "version", "category", "service", "state", "priority", "opened_at", "updated_at",
    "react_by", "due_at", "statutory_due", "unanswered", "reopened", "done_at", "closed_at", "point",
}  # fmt: skip


def test_a_fact_has_these_fields_and_no_other() -> None:
    assert set(TicketFact.__struct_fields__) == FIELDS


def test_a_fact_carries_no_text_no_place_name_and_no_person() -> None:
    ticket = makers.ticket(text="Айгүл, кв. 5", address="Жұмабаев 109", landmark="у школы")

    wire = msgspec.json.encode(TicketFact.of("petropavl", ticket)).decode()

    for word in ("Айгүл", "Жұмабаев", "школы", str(ticket.contact_id), str(ticket.opened_by)):
        assert word not in wire


def test_a_point_on_the_bus_is_the_house_and_not_the_door() -> None:
    fact = TicketFact.of("petropavl", makers.ticket(point=(69.140123, 54.870987)))

    assert fact.point == (69.14, 54.871)
    assert TicketFact.of("petropavl", makers.ticket(point=None)).point is None


def test_a_fact_says_its_version_and_is_read_again() -> None:
    fact = TicketFact.of("petropavl", makers.ticket())
    wire = msgspec.json.encode(fact)

    assert msgspec.json.decode(wire)["type"] == "ticket/1"
    assert msgspec.json.decode(wire, type=TicketFact) == fact


def test_a_tenant_speaks_on_its_own_subject() -> None:
    assert subject("shal-aqyn") == "sko.feed.shal-aqyn.ticket"
