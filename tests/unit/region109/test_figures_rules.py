"""What is asked of the figures, and how their sums are judged."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chassis109.kernel.errors import Invalid
from region109.figures import asked, drawing, model
from region109.figures.asked import Asked, Known
from region109.figures.model import Row, Sums

TODAY = date(2026, 11, 25)
KNOWN = Known({"esil"}, {"water"})
NAMES = ("period", "from", "to", "by", "territory", "category", "sort", "way")


def read(**said: str) -> Asked:
    written = {name: said.get(name.replace("from", "first"), said.get(name, "")) for name in NAMES}
    return asked.read(written, KNOWN, TODAY)


def refused(**said: str) -> dict[str, str]:
    with pytest.raises(Invalid) as wrong:
        read(**said)
    return {one.field: one.rule for one in wrong.value.errors}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [("today", 25, 25), ("yesterday", 24, 24), ("week", 19, 25), ("", 19, 25)],
)
def test_a_period_has_its_days(period: str, first: int, last: int) -> None:
    found = read(period=period)
    assert (found.first, found.last) == (date(2026, 11, first), date(2026, 11, last))


def test_thirty_days_are_thirty() -> None:
    assert read(period="month").days == 30


def test_dates_that_are_not_those_of_the_period_make_it_a_free_one() -> None:
    same = read(period="week", first="2026-11-19", to="2026-11-25")
    other = read(period="week", first="2026-11-18", to="2026-11-25")
    assert (same.period, other.period, other.days) == ("week", "free", 8)


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ({"first": "2026-11-20"}, {"to": "required"}),
        ({"first": "20.11.2026", "to": "x"}, {"from": "date", "to": "date"}),
        ({"first": "2026-11-20", "to": "2026-11-19"}, {"to": "order"}),
        ({"first": "2026-11-20", "to": "2026-11-26"}, {"to": "future"}),
        ({"first": "2023-12-31", "to": "2024-01-02"}, {"from": "past"}),
        ({"first": "2999-01-01", "to": "0001-01-01"}, {"from": "future", "to": "past"}),
        ({"period": "free"}, {"from": "required", "to": "required"}),
        ({"period": "century", "first": "2026-11-20", "to": "2026-11-20"}, {"period": "choice"}),
        ({"territory": "nowhere", "category": "'; --"}, {"territory": "choice", "category": "choice"}),
        ({"by": "x", "sort": "x", "way": "x"}, {"by": "choice", "sort": "choice", "way": "choice"}),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_field(said: dict[str, str], rules: dict[str, str]) -> None:
    assert refused(**said) == rules


def test_more_days_than_three_years_are_refused_and_three_years_are_not() -> None:
    first = TODAY - timedelta(days=asked.MOST_DAYS - 1)
    later = date(2027, 6, 1)
    longest = {"from": str(later - timedelta(days=asked.MOST_DAYS - 1)), "to": str(later)}
    said = dict.fromkeys(NAMES, "")
    assert asked.read(said | longest, KNOWN, later).days == asked.MOST_DAYS
    longer = {"from": str(later - timedelta(days=asked.MOST_DAYS)), "to": str(later)}
    with pytest.raises(Invalid):
        asked.read(said | longer, KNOWN, later)
    assert first < TODAY


def test_an_address_says_the_same_when_it_is_read_again() -> None:
    for one in (
        Asked(TODAY, TODAY, "today", "both", "esil", "water", "closed", "down"),
        Asked(TODAY - timedelta(days=9), TODAY, category=asked.NOBODY),
    ):
        written = dict(part.split("=") for part in one.query().split("&"))
        assert asked.read(dict.fromkeys(NAMES, "") | written, KNOWN, TODAY) == one


def test_a_heading_sorts_and_a_second_time_the_other_way_round() -> None:
    one = Asked(TODAY, TODAY, "today")
    assert "sort=closed&way=down" in one.sorted_by("closed")
    assert "way" not in replace(one, sort="closed", way="down").sorted_by("closed")


def test_punctuality_counts_what_is_late_and_still_open() -> None:
    one = Sums(closed=9, on_time=8, overdue=3)
    assert (one.judged, one.percent, one.few) == (12, 66.6, False)


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert Sums(closed=100_000, on_time=99_999, overdue=0).percent == 99.9


def test_of_nothing_and_of_an_unknown_end_there_is_no_share() -> None:
    assert Sums().percent is None
    assert Sums(closed=5, on_time=5, overdue=None).punctual is None
    assert (Sums(closed=1) + Sums(overdue=None)).overdue is None


def test_a_small_denominator_is_marked() -> None:
    assert Sums(closed=4, overdue=5).few
    assert not Sums(closed=5, overdue=5).few
    assert not Sums().few


def test_days_that_follow_each_other_are_said_together() -> None:
    days = [TODAY, TODAY + timedelta(days=1), TODAY + timedelta(days=3)]
    assert model.spans(reversed(days)) == [(days[0], days[1]), (days[2], days[2])]


def test_a_chart_is_as_high_as_its_highest_day_needs() -> None:
    days = [Row(Sums(registered=n, closed=9), TODAY + timedelta(days=n)) for n in range(30)]
    found = drawing.chart(days)
    assert found.most == 40
    assert len(found.registered.split()) == len(found.closed.split()) == 30
    assert len(found.ticks) <= drawing.MOST_TICKS
    assert drawing.chart([]).most == 4
    for most in (1, 4, 5, 11, 99, 101, 12_345):
        assert drawing.chart([Row(Sums(registered=most), TODAY)]).most >= most
