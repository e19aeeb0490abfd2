"""Search, neighbours, earlier tickets, and what of an applicant is shown to whom."""

from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from tests import makers
from tests.makers import executor, opened, owed, person

from chassis109.kernel.errors import Invalid, NotFound
from chassis109.store import unit
from chassis109.store.unit import transaction
from dispatch109.calls import service as calls
from dispatch109.queue import service as queue
from dispatch109.queue.model import Filter
from dispatch109.tickets import applicant, reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import State, Ticket
from identity109.actor import Actor
from tenancy109.model import Tenant

PHONE = "+77051234567"


async def found(typed: str, actor: Actor, **filters: object) -> list[str]:
    wanted = queue.searched(replace(Filter(), **filters), typed, actor)  # type: ignore[arg-type]
    return [row.reference for row in (await queue.page(wanted, None, 100, actor)).rows]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Қызылжар ауылында су жоқ {x}", "кызылжар ауылында су жок {x}"),
        ("Кызылжар аулында су жок {x}", "Қызылжар аулында су жоқ {x}"),
        ("Ёлка упала на Әуезов {x}", "елка упала на ауезов {x}"),
        ("ПРОРВАЛО ТРУБУ {x}", "прорвало   трубу {x}"),
        ("скидка 100% обман {x}", "100% обман {x}"),
        ("файл a_b {x}", "a_b {x}"),
        (r"путь c:\temp {x}", r"c:\temp {x}"),
        ("кавычки '\"; DROP TABLE {x}", "'\"; drop table {x}"),
    ],
)
async def test_text_is_found_as_people_type_it(written: str, typed: str, operator: Actor) -> None:
    mark = uuid4().hex[:12]
    made = await opened(operator, text=written.replace("{x}", mark))

    assert await found(typed.replace("{x}", mark), operator) == [made.reference]


@pytest.mark.parametrize("pattern", ["a%b", "a_b", "a\\%b", "%", "_", "\\"])
async def test_signs_of_patterns_are_letters_like_others(pattern: str, operator: Actor) -> None:
    mark = uuid4().hex[:12]
    await opened(operator, text=f"{mark} aXb")

    assert await found(f"{mark} {pattern}", operator) == []


async def test_place_and_landmark_are_searched_too(operator: Actor) -> None:
    mark = uuid4().hex[:12]
    at = await opened(operator, address=f"Интернационалды {mark}")
    beside = await opened(operator, address="", landmark=f"Мектептің жанында {mark}")

    assert set(await found(mark, operator)) == {at.reference, beside.reference}


async def test_a_number_is_found_however_it_is_written(operator: Actor) -> None:
    made = await opened(operator)

    short = f"{made.year % 100}-{made.number}"
    for typed in (made.reference, short, f"109 {short}", f"№ {made.number}", str(made.number)):
        assert await found(typed, operator) == [made.reference], typed


async def test_a_phone_is_found_however_it_is_written_by_those_who_may_see_phones(
    operator: Actor, tenant: Tenant
) -> None:
    made = await opened(operator, phone="8 777 321 45 67")

    for typed in ("+7 777 321-45-67", "87773214567", "7773214567"):
        assert await found(typed, operator) == [made.reference], typed
    assert await found("87773214567", person(tenant, "analyst")) == []


async def test_the_same_phone_in_another_tenant_is_another_phone(
    operator: Actor, neighbour: Tenant, superuser: asyncpg.Connection
) -> None:
    there = makers.operator(neighbour)
    await opened(operator, phone="8 777 000 11 22")

    assert await found("8 777 000 11 22", there) == []
    assert await calls.earlier("8 777 000 11 22", there) == []
    await opened(there, phone="8 777 000 11 22", category="other")
    indexes = await superuser.fetch(
        "SELECT phone_index FROM dispatch.contact WHERE phone_index IS NOT NULL ORDER BY created_at DESC LIMIT 2"
    )
    assert len({row["phone_index"] for row in indexes}) == 2


async def test_an_executor_finds_only_what_his_service_is_responsible_for(
    operator: Actor, tenant: Tenant
) -> None:
    mark = uuid4().hex[:12]
    ours = await opened(operator, text=mark)
    await opened(operator, text=mark, category="road-pothole")

    assert await found(mark, executor(tenant, "water")) == [ours.reference]
    assert await found(mark, executor(tenant, "water"), service="roads") == [ours.reference]


async def test_pages_follow_each_other_without_gap_or_double(operator: Actor) -> None:
    mark = uuid4().hex[:12]
    made = [await opened(operator, text=f"{mark} {n}") for n in range(7)]
    for view in ("open", "all"):
        wanted = replace(queue.searched(Filter(), mark, operator), view=view)
        seen, after = [], None
        while True:
            page = await queue.page(wanted, after, 3, operator)
            seen += [row.reference for row in page.rows]
            assert page.count == 7
            if (after := page.next) is None:
                break
        expected = [ticket.reference for ticket in made]
        assert seen == (expected if view == "open" else expected[::-1])


async def test_filters_narrow_the_queue(operator: Actor, superuser: asyncpg.Connection) -> None:
    mark = uuid4().hex[:12]
    water, roads = (
        await opened(operator, text=mark),
        await opened(operator, text=mark, category="road-pothole"),
    )
    await superuser.execute(
        "UPDATE dispatch.ticket SET due_at = now() - interval '1 hour', unanswered = 1 WHERE id = $1",
        roads.id,
    )

    assert await found(mark, operator, service="water") == [water.reference]
    assert await found(mark, operator, category="road-pothole") == [roads.reference]
    assert await found(mark, operator, overdue=True) == [roads.reference]
    assert await found(mark, operator, unanswered=True) == [roads.reference]
    assert await found(mark, operator, states=(State.ACCEPTED,)) == []


async def test_words_that_are_too_long_or_unreadable_are_refused(operator: Actor) -> None:
    for typed in ("x" * 101, "a\x00b", "\ud800"):
        with pytest.raises(Invalid):
            queue.searched(Filter(), typed, operator)


async def test_open_tickets_near_a_point_are_offered_nearest_first(
    operator: Actor, neighbour: Tenant
) -> None:
    lon, lat = 69.2001, 54.8801
    hundred = await opened(operator, lon=lon, lat=lat + 100 / 111_195)
    here = await opened(operator, lon=lon, lat=lat)
    await opened(operator, lon=lon, lat=lat + 310 / 111_195)
    closed, callback = await owed(operator, lon=lon, lat=lat)
    async with transaction(operator.here.id):
        await unit.execute(
            "UPDATE dispatch.ticket SET state = 'closed', closed_at = now() WHERE id = $1", closed.id
        )

    near = await calls.near(lon, lat, operator)

    assert [ticket.id for ticket, _ in near] == [here.id, hundred.id]
    assert [round(metres) for _, metres in near] == [0, 100]
    assert await calls.near(lon, lat, makers.operator(neighbour)) == []
    assert callback.ticket_id == closed.id


async def test_near_a_point_a_service_sees_its_own_tickets_alone(operator: Actor) -> None:
    lon, lat = 69.2101, 54.8901
    own = await opened(operator, lon=lon, lat=lat)
    await opened(operator, lon=lon, lat=lat, category="street-light-out")

    near = await calls.near(lon, lat, executor(operator.here, own.service_code))

    assert [ticket.id for ticket, _ in near] == [own.id]


async def test_earlier_tickets_of_a_caller_come_newest_first(operator: Actor) -> None:
    made = [await opened(operator, phone="8 701 555 66 77") for _ in range(3)]

    assert [t.id for t in await calls.earlier("701 555 66 77", operator)] == [t.id for t in made[::-1]]
    assert await calls.earlier("701 555 6", operator) == []


async def test_the_applicant_is_shown_to_whoever_registered_him_and_masked_for_others(
    operator: Actor, senior: Actor, tenant: Tenant
) -> None:
    made = await opened(operator)

    own = await applicant.of(made, operator)
    others = [
        await applicant.of(made, who)
        for who in (senior, person(tenant, "analyst"), _executor_of(made, tenant))
    ]

    assert (own.name, own.phone, own.masked) == ("Айгүл Сәрсенова", PHONE, False)
    assert {(seen.name, seen.phone, seen.masked) for seen in others} == {("***", "+7 705 ***-**-67", True)}


def _executor_of(ticket: Ticket, tenant: Tenant) -> Actor:
    return executor(tenant, ticket.service_code)


async def test_every_operator_sees_the_phone_of_an_applicant_who_is_owed_a_call(
    operator: Actor, tenant: Tenant
) -> None:
    done, _ = await owed(operator)

    assert (await applicant.of(done, makers.operator(tenant))).phone == PHONE
    assert (await applicant.of(done, person(tenant, "lawyer"))).masked


async def test_unmasking_shows_the_applicant_and_writes_who_looked_and_why(
    operator: Actor, senior: Actor, superuser: asyncpg.Connection
) -> None:
    made = await opened(operator)

    shown = await applicant.unmask(made.id, "жалоба на тон", senior)

    row = await superuser.fetchrow(
        "SELECT actor_id, action, detail FROM chassis.audit WHERE object_id = $1 ORDER BY id DESC LIMIT 1",
        str(made.id),
    )
    assert (shown.name, shown.phone, shown.masked) == ("Айгүл Сәрсенова", PHONE, False)
    assert (row["actor_id"], row["action"]) == (senior.subject, "contact.unmask")
    assert "жалоба на тон" in row["detail"]


async def test_unmasking_without_a_reason_shows_nothing(operator: Actor, senior: Actor) -> None:
    made = await opened(operator)

    with pytest.raises(Invalid):
        await applicant.unmask(made.id, "  ", senior)


async def test_names_and_phones_lie_sealed_in_the_database(
    operator: Actor, superuser: asyncpg.Connection
) -> None:
    made = await opened(operator, applicant="Зере Қанатқызы", phone="8 708 909 80 70")

    row = await superuser.fetchrow(
        "SELECT to_jsonb(c)::text AS t FROM dispatch.contact c WHERE id = $1", made.contact_id
    )
    everywhere = await superuser.fetchval(
        "SELECT string_agg(payload::text, '') FROM chassis.outbox WHERE key = $1", str(made.id)
    )
    for secret in ("Зере", "9098070"):
        assert secret not in row["t"]
        assert secret.encode().hex() not in row["t"]
        assert secret.encode().hex() not in everywhere


async def test_another_services_ticket_is_not_there_for_an_executor(operator: Actor, tenant: Tenant) -> None:
    made = await opened(operator)
    stranger = executor(tenant, "roads")

    for look in (reading.ticket(made.reference, stranger), applicant.unmask(made.id, "почему", stranger)):
        with pytest.raises(NotFound):
            await look
    with pytest.raises(NotFound):
        await tickets.accept(made.id, None, stranger)
