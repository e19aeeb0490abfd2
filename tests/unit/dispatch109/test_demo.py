"""The demo data obey the rules of the verbs they stand for, and follow from the seed."""

# ruff: noqa: S311 - nothing here is a secret

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

import phonenumbers
import pytest

from dispatch109.callbacks.model import ATTEMPTS, Outcome
from dispatch109.contacts import service as contacts
from dispatch109.demo.intake import Desk, Setting
from dispatch109.demo.model import Cast, Person, Rows, shares, uuid7_at
from dispatch109.demo.places import Town
from dispatch109.demo.repository import COLUMNS, insert_sql
from dispatch109.demo.season import HOURS, Subjects, is_blizzard, moments
from dispatch109.demo.service import Wish, incoming, take
from dispatch109.demo.texts import Texts, phone
from dispatch109.tables import TABLES
from dispatch109.tickets.model import ALMATY, MOVES, OPEN, State
from tenancy109 import registry

ROOT = Path(__file__).parents[3]
UNTIL = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
NAMESPACE = UUID(int=109)


@pytest.fixture(scope="module", autouse=True)
def keys() -> None:
    contacts.use_keys({"k1": b"\1" * 32}, b"\2" * 32)


def made(seed: int = 109, tickets: int = 400, until: datetime = UNTIL) -> dict[str, list[dict[str, Any]]]:
    """The rows of Petropavl's demo, by table, each as a dictionary."""
    folder = registry.load(ROOT / "tenants")["petropavl"]
    catalogue, texts, random = folder.catalogue, Texts.read(), Random(seed)
    executors = {s.code: Person(uuid5(NAMESPACE, s.code), s.code) for s in catalogue.services}
    cast = Cast(
        (Person(uuid5(NAMESPACE, "op"), "Op"),), Person(uuid5(NAMESPACE, "senior"), "Senior"), executors
    )
    town = Town(random, folder.tenant, texts.streets("petropavl"), lambda _: True)
    subjects = Subjects(seed, catalogue.categories)
    desk = Desk(Setting(folder.tenant, catalogue, cast, town, subjects, texts, until), random)
    rows = take(desk, incoming(desk, tickets, Wish(seed, 60, until))) or Rows()
    return {
        table.partition(".")[2]: [
            dict(zip(columns, row, strict=True)) for row in getattr(rows, table.partition(".")[2])
        ]
        for table, columns in COLUMNS.items()
    }


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    return made()


def of_ticket(rows: list[dict[str, Any]], key: str = "ticket_id") -> dict[UUID, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def test_the_same_seed_and_window_give_the_same_rows_except_for_the_nonces_of_sealing() -> None:
    def plain(seed: int) -> list[Any]:
        tables = made(seed, tickets=60)
        sealed = {"name_sealed", "phone_sealed"}
        return [
            {name: value for name, value in row.items() if name not in sealed}
            for table in tables.values()
            for row in table
        ]

    assert plain(109) == plain(109)
    assert plain(109) != plain(110)


def test_every_step_is_an_allowed_move_and_the_ticket_stands_where_its_timeline_ends(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    timelines = of_ticket(rows["history"])
    for ticket in rows["ticket"]:
        steps = timelines[ticket["id"]]
        assert [step["seq"] for step in steps] == list(range(1, ticket["version"] + 1))
        assert steps[-1]["to_state"] == ticket["state"]
        assert steps[-1]["at"] == ticket["updated_at"]
        assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
        for before, step in pairwise(steps):
            assert step["from_state"] == before["to_state"]
            stays = step["verb"] == "did_not_react"
            assert stays or State(step["to_state"]) in MOVES[State(step["from_state"])]


def test_nothing_happens_after_the_end_and_no_reaction_deadline_is_left_unswept(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    assert max(step["at"] for step in rows["history"]) <= UNTIL
    assert max(entry["at"] for entry in rows["audit"]) <= UNTIL
    waiting = [
        a
        for a in rows["assignment"]
        if a["accepted_at"] is None and a["ended_at"] is None and a["unanswered_at"] is None
    ]
    assert all(a["react_by"] > UNTIL - timedelta(seconds=2) for a in waiting)


def test_a_ticket_closes_only_by_a_confirmed_call_or_after_three_hours_without_an_answer(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    callbacks, attempts = (
        of_ticket(rows["callback"]),
        of_ticket(rows["callback_attempt"], "callback_id"),
    )
    closed = [ticket for ticket in rows["ticket"] if ticket["state"] == State.CLOSED]
    assert closed
    for ticket in closed:
        last = callbacks[ticket["id"]][-1]
        tries = attempts[last["id"]]
        unreached = [t for t in tries if t["outcome"] == Outcome.UNREACHABLE]
        hours = {t["at"].astimezone(ALMATY).hour for t in unreached}
        assert len(hours) == len(unreached)
        assert last["state"] == "confirmed" or (last["state"] == "unreached" and len(hours) == ATTEMPTS)
        assert ticket["closed_at"] is not None


def test_one_assignment_runs_for_an_open_ticket_and_none_for_a_closed_one(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    assignments = of_ticket(rows["assignment"])
    for ticket in rows["ticket"]:
        running = [a for a in assignments[ticket["id"]] if a["ended_at"] is None]
        worked_on = State(ticket["state"]) in OPEN - {State.CALLBACK_DUE, State.RETURNED}
        assert len(running) == worked_on
        assert not running or running[0]["service_code"] == ticket["service_code"]
        assert ticket["unanswered"] == sum(a["unanswered_at"] is not None for a in assignments[ticket["id"]])


def test_numbers_have_no_gap_and_rise_with_time(rows: dict[str, list[dict[str, Any]]]) -> None:
    by_time = sorted(rows["ticket"], key=lambda ticket: ticket["opened_at"])
    assert [ticket["number"] for ticket in by_time] == list(range(1, len(by_time) + 1))


def test_each_step_has_its_audit_entry(rows: dict[str, list[dict[str, Any]]]) -> None:
    # Opening is one entry for two steps of the timeline; what is done to a callback is not in the timeline.
    audited = Counter(entry["object_id"] for entry in rows["audit"] if entry["object_kind"] == "ticket")
    assert audited == {str(ticket["id"]): ticket["version"] - 1 for ticket in rows["ticket"]}


def test_two_calls_of_three_are_consultations_and_most_work_is_done_in_time(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    outcomes = Counter(call["outcome"] for call in rows["call"])
    done = [ticket for ticket in rows["ticket"] if ticket["state"] == State.CLOSED]
    in_time = sum(ticket["done_at"] <= ticket["due_at"] for ticket in done) / len(done)
    assert outcomes == {"ticket": 400, "consultation": 800}
    assert 0.75 < in_time < 0.95
    assert any(ticket["unanswered"] for ticket in rows["ticket"])


def test_the_columns_written_are_columns_of_the_tables() -> None:
    known = {f"dispatch.{table._meta.tablename}": table for table in TABLES}
    for table, columns in COLUMNS.items():
        if table in known:
            names = {column._meta.name for column in known[table]._meta.columns}
            assert set(columns) - {"lon", "lat"} <= names
        assert insert_sql(table).count("[]") == len(columns)


def test_autumn_brings_heat_and_winter_snow_and_nobody_mows_then() -> None:
    categories = registry.load(ROOT / "tenants")["petropavl"].catalogue.categories
    subjects, random = Subjects(109, categories), Random(1)

    def drawn(month: int) -> Counter[str]:
        at = datetime(2026, month, 15, 7, tzinfo=UTC)
        return Counter(subjects.draw(random, at).code for _ in range(2000))

    july, november = drawn(7), drawn(11)
    assert november["heat-none"] > 40
    assert november["snow-road"] > 40
    assert july["snow-road"] == july["heat-none"] == 0
    assert july["grass-mowing"] > november["grass-mowing"]


def test_calls_come_by_day_more_than_by_night_and_never_after_the_end() -> None:
    found = moments(Random(2), 109, 5000, 60, UNTIL)
    hours = Counter(at.astimezone(ALMATY).hour for at in found)
    assert found == sorted(found)
    assert found[-1] <= UNTIL
    assert UNTIL - found[0] < timedelta(days=60)
    assert hours[9] > 5 * hours[3]
    assert len(HOURS) == 24


def test_a_blizzard_is_the_same_for_everybody_and_never_in_summer() -> None:
    days = [datetime(2026, 1, 1, tzinfo=UTC).date() + timedelta(days=n) for n in range(365)]
    storms = [day for day in days if is_blizzard(109, day)]
    assert storms == [day for day in days if is_blizzard(109, day)]
    assert {day.month for day in storms} <= {11, 12, 1, 2, 3}


def test_phones_are_possible_mobile_numbers_of_kazakhstan() -> None:
    random = Random(3)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone(random))) for _ in range(500))


def test_every_category_has_its_own_words_in_both_languages() -> None:
    texts = Texts.read()
    codes = {c.code for f in registry.load(ROOT / "tenants").values() for c in f.catalogue.categories}
    assert codes <= set(texts.known["said"])
    assert all(set(said) == {"ru", "kk"} for said in texts.known["said"].values())


def test_shares_follow_population_and_add_up() -> None:
    assert shares(10, {1: 221_907, 2: 30_821, 3: 9_416}) == {1: 9, 2: 1, 3: 0}
    assert sum(shares(30_000, {n: 1000 + n for n in range(14)}).values()) == 30_000


def test_ids_are_uuids_of_version_seven_that_sort_by_their_time() -> None:
    random = Random(4)
    ids = [uuid7_at(random, UNTIL + timedelta(seconds=n)) for n in range(50)]
    assert ids == sorted(ids)
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
