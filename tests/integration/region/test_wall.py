"""What tenants told stands on the wall, counted as the wall says it counts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.integration.region.facts import (
    NOON,
    SNOW,
    WATER,
    consultation,
    feed_of,
    handoff,
    hear,
    project,
    pulse,
    ticket,
)

from chassis109.kernel import clock
from chassis109.kernel.errors import NotFound
from chassis109.kernel.ids import uuid7
from region109.wall import ground
from region109.wall import service as wall
from region109.wall.asked import Asked, Filter
from region109.wall.model import Cell, Hour

LATER = NOON + timedelta(hours=2)
LATE = {"opened_at": NOON - timedelta(days=2), "due_at": NOON - timedelta(hours=3)}
DAY_OLD = NOON - timedelta(days=1, hours=1)


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def wall_of_its_own(region: Database, superuser: asyncpg.Connection) -> AsyncIterator[None]:
    """Each test begins with territories and no facts."""
    await superuser.execute(
        "TRUNCATE region.ticket, region.handoff, region.consultation, region.daily, region.heard, region.refused,"
        " region.mandate"
    )
    ground.forget()
    wall.forget()
    with clock.frozen(LATER):
        yield


async def test_what_is_open_and_what_is_overdue(region: Database) -> None:
    done = {"state": "callback_due", "done_at": NOON - timedelta(hours=4), **LATE}
    await project(
        feed_of(
            [
                ticket(), ticket(**LATE), ticket(**LATE, state="paused", paused_at=NOON - timedelta(hours=5)),
                ticket(**done), ticket(**LATE, category=SNOW), ticket(**LATE, state="closed", closed_at=NOON),
                ticket(**LATE, state="referred"), ticket("aqzhar"),
            ]
        )
    )  # fmt: skip

    found = await wall.board()

    esil = found.of("esil")
    assert esil
    assert esil.groups == {"water-heat": Cell(4, 1), "roads": Cell(1, 1)}
    assert esil.cell == Cell(5, 2)
    assert found.whole.cell == Cell(6, 2)
    assert len(found.standings) == 14


async def test_figures_of_today_and_of_the_month(region: Database) -> None:
    closed = {"state": "closed", "opened_at": NOON - timedelta(days=3)}
    await project(
        feed_of(
            [
                ticket(), ticket("aqzhar", unanswered=1), consultation(count=6), consultation("aqzhar", 2),
                ticket(**closed, done_at=NOON, closed_at=NOON), ticket(**closed, closed_at=NOON, due_at=DAY_OLD),
                ticket(opened_at=NOON - timedelta(days=40), state="closed", closed_at=NOON - timedelta(days=39)),
            ]
        )
    )  # fmt: skip

    found = await wall.board()

    assert (found.whole.today.registered, found.whole.today.consulted, found.consulted) == (2, 8, 0.8)
    esil, aqzhar = found.of("esil"), found.of("aqzhar")
    assert esil
    assert aqzhar
    assert (esil.month.registered, esil.month.closed, esil.in_time) == (3, 2, 0.5)
    assert (aqzhar.silent, aqzhar.in_time) == (1.0, None)


async def test_the_flow_of_a_day_by_hours_that_end_now(region: Database) -> None:
    await project(
        feed_of(
            [
                ticket(), ticket("aqzhar"), ticket(opened_at=DAY_OLD), ticket(origin="aqzhar", origin_reference=None),
                ticket(opened_at=DAY_OLD, state="closed", closed_at=LATER - timedelta(minutes=10), version=110),
            ]
        )
    )  # fmt: skip

    hours = (await wall.board()).hours

    assert hours[-2:] == (Hour(NOON, 2, 0), Hour(NOON + timedelta(hours=1), 0, 1))
    assert (sum(hour.registered for hour in hours), sum(hour.closed for hour in hours)) == (2, 1)


async def test_handoffs_are_acknowledged_in_their_median_time(region: Database) -> None:
    sent = [
        handoff(sent_at=NOON, decided_at=NOON + timedelta(seconds=seconds), state="accepted")
        for seconds in (4, 18, 60)
    ]
    waits, drill = handoff(), handoff(mode="exercise", decided_at=NOON + timedelta(seconds=900))
    old = handoff(sent_at=DAY_OLD, decided_at=DAY_OLD + timedelta(seconds=900))
    await project(feed_of([*sent, waits, drill, old]))

    found = (await wall.board()).acknowledged

    assert (found.count, found.median_seconds) == (3, 18)


async def test_the_latest_facts_are_told_without_anything_personal(region: Database) -> None:
    first, second = ticket(), ticket("aqzhar", version=5, category=SNOW)
    await project(feed_of([second, first, handoff("zhambyl", sent_at=NOON - timedelta(minutes=1))]))

    news = (await wall.board()).news

    assert [(one.ticket, one.category, one.state) for one in news] == [
        (second.id, SNOW, "assigned"), (first.id, WATER, "assigned"), (None, "", "created"),
    ]  # fmt: skip


async def test_who_is_silent_and_what_is_missing_is_said(region: Database) -> None:
    await project(feed_of([ticket()]))
    with clock.frozen(LATER):
        await hear(pulse(tickets=3, versions=7, waiting=2))

    found = await wall.board()

    esil = found.of("esil")
    assert esil
    assert (esil.line.missing, esil.line.waiting, esil.line.stale(LATER)) == (6, 2, True)
    assert [one.territory.slug for one in found.stale if one.line.heard_at] == ["esil"]
    assert len(found.stale) == 14


async def test_a_refused_message_is_counted_and_shown_without_what_it_said(region: Database) -> None:
    odd = feed_of([ticket(category="no-such-kind")])
    await project(odd)

    rows, counts = await wall.refused(None, 10), await wall.refused_counts()

    assert (await wall.board()).refused == 1
    assert [(one.stream, one.seq, one.reason, one.bytes) for one in rows] == [
        ("FEED", 1, "unknown-category", len(odd[0].payload))
    ]
    assert list(counts.values()) == [1]
    assert await wall.refused((rows[0].heard_at, "FEED", 1), 10) == []


async def test_whoever_asks_after_news_is_shown_them_though_others_are_looking(region: Database) -> None:
    looking = asyncio.create_task(wall.board())
    await asyncio.sleep(0)
    await project(feed_of([ticket()]))

    found = await asyncio.gather(*(wall.board() for _ in range(20)))
    await looking

    assert {one.whole.cell.open for one in found} == {1}
    assert len({id(one) for one in found}) <= 2


async def test_a_list_is_paged_without_gap_or_repetition_in_both_orders(region: Database) -> None:
    due = [NOON + timedelta(hours=number % 4) for number in range(11)]
    await project(feed_of([ticket(due_at=at, opened_at=at - timedelta(days=1)) for at in due]))

    for wanted in (Filter(), Filter(all=True)):
        seen, after = [], None
        while page := await wall.tickets("esil", wanted, after, 3):
            seen += page
            after = page[-1].sorted_by(wanted.all), page[-1].id
        assert len({one.id for one in seen}) == len(seen) == 11
        times = [one.sorted_by(wanted.all) for one in seen]
        assert times == sorted(times, reverse=wanted.all)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(), {1, 2, 3}), (Asked(view="all"), {1, 2, 3, 4}), (Asked(overdue=True), {2}),
        (Asked(silent=True), {3}), (Asked(state="closed"), {4}), (Asked(category=SNOW), {3}),
        (Asked(service="roads"), {3}), (Asked(q="26-4"), {4}), (Asked(q="109-25-000077"), {1}), (Asked(q="999"), set()),
    ],
)  # fmt: skip
async def test_a_list_shows_what_its_filter_says(region: Database, asked: Asked, found: set[int]) -> None:
    def numbered(number: int) -> str:
        return f"109-26-00000{number}"

    await project(
        feed_of(
            [
                ticket(reference=numbered(1), origin="aqzhar", origin_reference="109-25-000077"),
                ticket(reference=numbered(2), **LATE),
                ticket(reference=numbered(3), unanswered=1, category=SNOW, service="roads"),
                ticket(reference=numbered(4), state="closed", closed_at=NOON), ticket("aqzhar"),
            ]
        )
    )  # fmt: skip

    shown = await wall.tickets("esil", asked.checked().filter(), None, 50)

    assert {one.reference for one in shown} == {numbered(number) for number in found}


async def test_a_card_holds_every_clock_and_what_was_ordered(
    region: Database, superuser: asyncpg.Connection
) -> None:
    fact = ticket(point=(69.14, 54.87), paused_at=NOON + timedelta(minutes=5))
    await project(feed_of([fact]))
    await superuser.execute(
        "INSERT INTO region.mandate (id, territory, kind, ticket_id, reference, reason, deadline, state, version,"
        " issued_at, issued_by, issued_name) SELECT $1, id, 'escalate', $2, $3, 'Зима', $4, 'sent', 1, $4, $1, 'Айдар'"
        " FROM region.territory WHERE slug = 'esil'",
        uuid7(), fact.id, fact.reference, NOON,
    )  # fmt: skip

    card = await wall.card("esil", fact.id)

    assert (card.ticket.due_at, card.ticket.statutory_due) == (fact.due_at, fact.statutory_due)
    assert (card.ticket.lon, card.ticket.lat) == fact.point
    assert [what for _, what in card.ticket.steps] == ["Registered", "Paused"]
    assert [(one.kind, one.state) for one in card.mandates] == [("escalate", "sent")]
    with pytest.raises(NotFound):
        await wall.card("aqzhar", fact.id)


async def test_a_territory_shows_its_services_and_points_and_nobody_elses(region: Database) -> None:
    await project(
        feed_of(
            [ticket(**LATE, unanswered=2), ticket(service="roads"), ticket(service=None), ticket("aqzhar")]
        )
    )

    found = await wall.local("esil")

    assert {(one.service, one.open, one.overdue, one.silent) for one in found.reactions} == {
        ("water", 1, 1, 1), ("roads", 1, 0, 0), (None, 1, 0, 0),
    }  # fmt: skip
    assert [(one.open, one.overdue) for one in found.spots] == [(3, 1)]
    with pytest.raises(NotFound):
        await wall.local("nowhere")
