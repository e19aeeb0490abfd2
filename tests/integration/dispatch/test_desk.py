"""What the operator's desk reads beside the verbs: similar addresses, the points of the map, the export."""

import math
import zipfile
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as Xml

import asyncpg
import msgspec
import pytest
from tests.makers import executor, opened, person, said

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid
from chassis109.store.unit import transaction
from dispatch109.calls import service as calls
from dispatch109.citymap import pages as citymap
from dispatch109.citymap import repository as places
from dispatch109.citymap.repository import Box
from dispatch109.queue import export
from dispatch109.queue.model import Filter
from identity109.actor import Actor
from tenancy109.model import Tenant
from ui109.i18n import Language

SHEET = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
CENTRE = (69.1401, 54.8701)


def square(lon: float, lat: float, zoom: int = 15) -> tuple[int, int, int]:
    """Where a place lies in the pyramid of the web's maps."""
    count, latitude = 2**zoom, math.radians(lat)
    y = (1 - math.asinh(math.tan(latitude)) / math.pi) / 2
    return zoom, int((lon + 180) / 360 * count), int(y * count)


def word() -> str:
    """A word that no other ticket has."""
    return "ю" + "".join("абвгдежзик"[int(digit)] for digit in str(uuid4().int % 10**9))


async def cells(actor: Actor, wanted: Filter, language: Language) -> list[list[str]]:
    book = await export.workbook(wanted, actor, language)
    content = b"".join([piece async for piece in book.chunks()])
    sheet = Xml.fromstring(zipfile.ZipFile(BytesIO(content)).read("xl/worksheets/sheet1.xml"))  # noqa: S314 - ours
    return [
        ["".join(cell.itertext()) for cell in row.iterfind("x:c", SHEET)]
        for row in sheet.iterfind(".//x:row", SHEET)
    ]


async def test_open_tickets_of_an_address_are_found_in_either_language(operator: Actor) -> None:
    street = word()
    ticket = await opened(operator, address=f"{street} көшесі 12")
    await opened(operator, address=f"{street} көшесі 121")

    found = await calls.at_address(f"ул. {street}а, дом 12, кв. 5", operator)

    assert [one.id for one in found] == [ticket.id]


async def test_an_address_in_another_tenant_is_not_found(operator: Actor, neighbour: Tenant) -> None:
    street = word()
    await opened(operator, address=f"{street} 12")

    assert await calls.at_address(f"{street} 12", person(neighbour, "operator")) == []


async def test_the_map_shows_open_tickets_inside_the_box_only(operator: Actor) -> None:
    here = await opened(operator, lon=CENTRE[0], lat=CENTRE[1])
    there = await opened(operator, lon=CENTRE[0] + 0.05, lat=CENTRE[1])
    box = Box(CENTRE[0] - 0.01, CENTRE[1] - 0.01, CENTRE[0] + 0.01, CENTRE[1] + 0.01)

    async with transaction(operator.tenant_id):
        found = {spot.id for spot in await places.spots(box, None, 2000)}
        of_nobody = await places.spots(box, "no-such-service", 2000)

    assert here.id in found
    assert there.id not in found
    assert of_nobody == []


async def test_an_overdue_ticket_looks_overdue_on_the_map(operator: Actor) -> None:
    with clock.frozen(clock.now() - timedelta(days=60)):
        late = await opened(operator, lon=CENTRE[0], lat=CENTRE[1])

    answer = await citymap.tickets.fn(operator, f"{CENTRE[0]},{CENTRE[1]},{CENTRE[0]},{CENTRE[1]}")

    features: list[dict[str, Any]] = msgspec.json.decode(answer.content)["features"]
    look = {feature["properties"]["id"]: feature["properties"]["look"] for feature in features}
    assert look[str(late.id)] == "overdue"


async def test_a_tile_of_the_map_holds_the_open_tickets_of_its_square(operator: Actor) -> None:
    here = await opened(operator, lon=CENTRE[0], lat=CENTRE[1])
    there = await opened(operator, lon=CENTRE[0] + 0.05, lat=CENTRE[1])
    zoom, x, y = square(*CENTRE)

    answer = await citymap.tile.fn(operator, zoom, x, y)

    assert answer.media_type == "application/vnd.mapbox-vector-tile"
    assert str(here.id).encode() in answer.content
    assert str(there.id).encode() not in answer.content


async def test_a_tile_is_another_tenants_no_other_services_and_empty_where_nothing_is(
    operator: Actor, neighbour: Tenant
) -> None:
    here = str((await opened(operator, lon=CENTRE[0], lat=CENTRE[1])).id).encode()
    tile = citymap.tile.fn

    assert here in (await tile(operator, 0, 0, 0)).content
    assert here not in (await tile(person(neighbour, "operator"), 0, 0, 0)).content
    assert here not in (await tile(replace(operator, service="no-such-service"), 0, 0, 0)).content
    assert (await tile(operator, 1, 0, 1)).content == b""


@pytest.mark.parametrize("square", [(-1, 0, 0), (23, 0, 0), (2, 4, 0), (2, 0, -1), (10**9, 0, 0)])
async def test_a_square_that_no_map_has_is_refused(square: tuple[int, int, int], operator: Actor) -> None:
    with pytest.raises(Invalid):
        await citymap.tile.fn(operator, *square)


async def test_a_workbook_has_the_lists_columns_and_nothing_of_the_applicant(operator: Actor) -> None:
    token = word()
    ticket = await calls.register(said(text=f"нет воды {token}", applicant="Тайная Особа"), operator)

    heading, row = await cells(operator, Filter(view="all", words=token), "ru")

    assert heading[0] == "Номер"
    assert row[0] == ticket.reference
    assert row[3] == f"нет воды {token}"
    assert "Тайная" not in " ".join(row)
    assert "7051234567" not in "".join(filter(str.isdigit, " ".join(row)))


async def test_a_formula_in_a_workbook_is_text(operator: Actor) -> None:
    token = word()
    await calls.register(said(text=f"=HYPERLINK(1;2) {token}"), operator)

    book = await export.workbook(Filter(view="all", words=token), operator, "en")
    content = zipfile.ZipFile(BytesIO(b"".join([piece async for piece in book.chunks()])))
    sheet = content.read("xl/worksheets/sheet1.xml").decode()

    assert "<f>" not in sheet
    assert f"=HYPERLINK(1;2) {token}" in sheet
    assert 'quotePrefix="1"' in content.read("xl/styles.xml").decode()


async def test_an_export_stands_in_the_audit(operator: Actor, superuser: asyncpg.Connection) -> None:
    analyst = person(operator.here, "analyst")

    await cells(analyst, Filter(view="all", words=word()), "kk")

    found = await superuser.fetchval(
        "SELECT detail->>'rows' FROM chassis.audit WHERE actor_id = $1 AND action = 'ticket.export'",
        analyst.subject,
    )
    assert found == "0"


async def test_an_executor_takes_out_the_tickets_of_the_own_service_only(operator: Actor) -> None:
    token = word()
    await opened(operator, text=token)

    rows = await cells(executor(operator.here, "no-such-service"), Filter(view="all", words=token), "en")

    assert len(rows) == 1
