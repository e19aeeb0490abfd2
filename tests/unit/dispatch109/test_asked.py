"""The filter of the queue as it stands in an address."""

from urllib.parse import parse_qsl, urlencode

import pytest
from litestar.datastructures import MultiDict
from tests.makers import operator, tenant

from chassis109.kernel.errors import Invalid
from dispatch109.queue.asked import Asked
from dispatch109.tickets.model import State


def read(query: str) -> Asked:
    return Asked.read(MultiDict(parse_qsl(query, keep_blank_values=True)))


def test_an_address_without_a_filter_shows_what_is_open() -> None:
    asked = read("")

    assert asked == Asked()
    assert not asked.narrowed
    assert asked.query() == ""


def test_empty_fields_of_the_form_limit_nothing() -> None:
    assert read("q=&view=open&state=&service=&category=") == Asked()


def test_every_choice_survives_the_way_into_the_next_address() -> None:
    asked = Asked(
        "all", ("assigned", "paused"), "water", "water-leak", overdue=True, unanswered=True, q="су & жылу"
    )

    assert read(asked.query(cursor="abc")) == asked
    assert ("cursor", "abc") in parse_qsl(asked.query(cursor="abc"))


def test_the_choices_become_the_queues_filter() -> None:
    wanted = read("state=assigned&service=water&overdue=1").filter(operator(tenant()))

    assert wanted.states == (State.ASSIGNED,)
    assert wanted.service == "water"
    assert wanted.overdue
    assert not wanted.unanswered


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=bogus", "state"),
        ("view=waiting", "view"),
        (urlencode({"q": "x" * 101}), "q"),
        ("q=a%00b", "q"),
    ],
)
def test_what_is_no_filter_is_refused_by_field(query: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(query)

    assert [error.field for error in refused.value.errors] == [field]
