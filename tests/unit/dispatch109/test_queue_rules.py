"""What is meant by what is typed into the search: a number, a phone, or words."""

from uuid import uuid4

import pytest
from tests import makers

from dispatch109.contacts import service as contacts
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter, read_number
from dispatch109.tickets.reading import key_of


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("109-26-000123", (2026, 123)),
        ("109 26 000123", (2026, 123)),
        ("26-000123", (2026, 123)),
        ("26-123", (2026, 123)),
        ("26 123", (2026, 123)),
        ("№ 123", (None, 123)),
        ("№123", (None, 123)),
        ("000123", (None, 123)),
        (" 123 ", (None, 123)),
        ("109-26-123456789", (2026, 123456789)),
        ("1234567", None),  # too long for a number without its year: words or a phone
        ("109-26-", None),
        ("109-126-1", None),
        ("дом 26", None),
        ("8 705 123 45 67", None),
        ("", None),
    ],
)
def test_a_number_is_known_however_it_is_written(typed: str, number: tuple[int | None, int] | None) -> None:
    assert read_number(typed) == number


@pytest.fixture
def keys() -> None:
    contacts.use_keys({"k1": b"\x01" * 32}, b"\x02" * 32)


def test_a_phone_becomes_its_index_for_those_who_may_phone(keys: None) -> None:
    tenant = makers.tenant()

    operators = queue.searched(Filter(), "8 705 123 45 67", makers.operator(tenant))
    analysts = queue.searched(Filter(), "8 705 123 45 67", makers.person(tenant, "analyst"))

    assert operators.phone_index == contacts.phone_index(1, "+77051234567")
    assert (analysts.phone_index, analysts.words) == (None, "8 705 123 45 67")


def test_the_index_of_a_phone_differs_from_tenant_to_tenant(keys: None) -> None:
    indexes = {contacts.phone_index(tenant, "+77051234567") for tenant in range(1, 15)}

    assert len(indexes) == 14
    assert contacts.phone_index(1, "") is None


def test_words_are_folded_and_look_everywhere(keys: None) -> None:
    wanted = queue.searched(Filter(view="open"), "  Қызылжар   КӨШЕСІ ", makers.operator(makers.tenant()))

    assert (wanted.words, wanted.view) == ("кызылжар кошеси", "all")


def test_an_empty_search_changes_nothing(keys: None) -> None:
    assert queue.searched(Filter(view="open"), "  ", makers.operator(makers.tenant())) == Filter(view="open")


def test_an_executor_cannot_look_beyond_his_service() -> None:
    by = makers.executor(makers.tenant(), "water")

    assert queue.within(Filter(service="roads"), by).service == "water"
    assert queue.within(Filter(service="roads"), makers.operator(makers.tenant())).service == "roads"


def test_a_ticket_is_addressed_by_its_id_or_its_number() -> None:
    ticket_id = uuid4()

    assert key_of(str(ticket_id)) == (ticket_id, None)
    assert key_of("109-26-000123") == (None, (2026, 123))
