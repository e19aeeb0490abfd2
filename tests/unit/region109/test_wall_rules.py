"""How the wall judges what it shows."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from region109.contract import STALE_SECONDS
from region109.territories.model import Territory
from region109.wall import model
from region109.wall.asked import Asked, references
from region109.wall.model import Board, Cell, Days, Line, Standing

NOW = datetime(2026, 11, 23, 9, 20, 30, tzinfo=UTC)


def standing(slug: str, cell: Cell, *, on_time: int = 0, closed: int = 0, silent: int = 0) -> Standing:
    place = Territory(1, slug, "district", {"kk": slug, "ru": slug, "en": slug}, active=True)
    month = Days(registered=100, closed=closed, on_time=on_time, did_not_react=silent)
    return Standing(place, {"water": cell}, Days(registered=3, consulted=9), month, Line(NOW))


def board(*standings: Standing) -> Board:
    return Board(NOW, standings, (), model.hours(NOW, {}))


@pytest.mark.parametrize(
    ("share", "step"), [(None, 0), (0, 0), (0.049, 0), (0.05, 1), (0.1, 2), (0.2, 3), (0.349, 3), (0.35, 4), (1, 4)]
)  # fmt: skip
def test_a_share_has_one_of_five_colours(share: float | None, step: int) -> None:
    assert model.step(share) == step


def test_a_share_of_fewer_than_five_open_tickets_says_nothing() -> None:
    assert Cell(4, 4).share is None
    assert Cell(5, 1).share == 0.2


def test_punctuality_counts_what_is_open_and_overdue_as_not_in_time() -> None:
    assert standing("esil", Cell(30, 20), on_time=60, closed=80).in_time == 0.6
    assert standing("esil", Cell()).in_time is None


def test_the_worst_stands_first_and_who_has_no_figure_last() -> None:
    found = board(
        standing("esil", Cell(100, 10), on_time=50, closed=50, silent=2), standing("aqzhar", Cell(10, 5), silent=9),
        standing("shal-aqyn", Cell(3, 3), on_time=1, closed=10),
    )  # fmt: skip

    def ranked(order: str, *, reverse: bool = False) -> list[str]:
        return [one.territory.slug for one in found.ranked(order, reverse=reverse)]

    assert ranked("overdue") == ["aqzhar", "esil", "shal-aqyn"]
    assert ranked("overdue", reverse=True) == ["esil", "aqzhar", "shal-aqyn"]
    assert ranked("open") == ["esil", "aqzhar", "shal-aqyn"]
    assert ranked("silent")[0] == "aqzhar"
    assert ranked("in_time") == ["aqzhar", "shal-aqyn", "esil"]


def test_a_territory_is_silent_after_half_a_minute_and_before_it_ever_spoke() -> None:
    just = NOW - timedelta(seconds=STALE_SECONDS)
    assert not Line(just).stale(NOW)
    assert Line(just - timedelta(seconds=1)).stale(NOW)
    assert Line().stale(NOW)


def test_the_first_call_is_a_share_of_todays_requests() -> None:
    assert board(standing("esil", Cell()), standing("aqzhar", Cell())).consulted == 18 / 24
    assert board().consulted is None


def test_the_flow_has_an_hour_for_each_of_the_last_24_also_without_figures() -> None:
    hours = model.hours(NOW, {NOW - timedelta(hours=2): (4, 1)})

    assert len(hours) == 24
    assert [hour.registered for hour in hours][-3:] == [0, 4, 0]
    assert hours[-1].at == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Айыртауский район", "Айыртауский"), ("район Шал акына", "Шал акына"),
        ("район имени Габита Мусрепова", "Габита Мусрепова"), ("Ғабит Мүсірепов атындағы аудан", "Ғабит Мүсірепов"),
        ("Petropavl city", "Petropavl"), ("Район", "Район"),
    ],
)  # fmt: skip
def test_the_map_names_a_place_without_saying_what_it_is(name: str, short: str) -> None:
    assert model.short(name) == short


def test_a_long_sign_stands_in_two_lines() -> None:
    assert model.in_two("‖ нет вестей с 14:03") == ("‖ нет вестей", "с 14:03")
    assert model.in_two("one") == ("one", "")
    assert model.in_two("") == ("", "")


def test_a_number_is_found_however_it_is_typed() -> None:
    with clock.frozen(NOW):
        assert (
            references("109-26-000123") == references("26-123") == references("26 123") == ("109-26-000123",)
        )
        assert references("№ 123") == ("109-24-000123", "109-25-000123", "109-26-000123")


@pytest.mark.parametrize(
    "wrong", [Asked(q="Абай 12"), Asked(state="lost"), Asked(view="mine"), Asked(q="1' OR 1=1")]
)
def test_what_is_no_filter_is_refused_by_name(wrong: Asked) -> None:
    with pytest.raises(Invalid):
        wrong.checked()


def test_a_search_looks_among_everything_and_keeps_the_filter_in_the_address() -> None:
    asked = Asked(q="26-123", overdue=True).checked()

    assert asked.filter().all
    assert asked.query(cursor="abc") == "overdue=1&q=26-123&cursor=abc"
    assert not Asked().filter().all
    assert Asked(state="closed").filter().all
