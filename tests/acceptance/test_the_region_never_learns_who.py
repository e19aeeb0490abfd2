"""Names, phones, words and photos of flow A and of handoffs never reach the region: canaries through every field."""

import base64
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from nats.js.client import JetStreamContext
from tests import makers
from tests.acceptance.api import CENTRE, Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.canaries import Canaries
from tests.acceptance.canary_places import Feed, Region, database
from tests.acceptance.desks import HubApi
from tests.acceptance.test_api_flow_a import callback_of
from tests.acceptance.waiting import until

from chassis109.bus.connection import Connections

OPERATOR, SENIOR, WATERMAN = "operator.petropavl", "senior.petropavl", "executor.petropavl"
PAUSABLE = "hot-water-none"
HOME, SLUG = "/t/petropavl", "petropavl"
CLOSED = "SELECT state = 'closed' FROM region."
PLANTED: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in capitals": lambda words: words.upper().encode(),
    "UTF-16": lambda words: words.encode("utf-16"),
    "JSON": lambda words: ascii(words).encode(),
    "base64": lambda words: b'{"x":"' + base64.b64encode(b"." + words.encode()) + b'"}',
    "base64 for addresses": lambda words: base64.urlsafe_b64encode(b".." + words.encode()),
    "packed": lambda words: b"head" + gzip.compress(words.encode()),
    "packed and in base64": lambda words: base64.b64encode(gzip.compress(words.encode())),
    "packed, as PostgreSQL shows bytes": lambda words: b"\\x" + gzip.compress(words.encode()).hex().encode(),
    "as PostgreSQL shows bytes": lambda words: b"\\x" + words.encode().hex().encode(),
    "Windows": lambda words: words.encode("cp1251", "replace"),
}


async def flow_a(api: Api, http: httpx.AsyncClient, say: Canaries) -> dict[str, Any]:
    """A ticket through every verb of flow A, with a canary in each field that takes words."""
    who = {"phone": say.phone, "applicant": say.word("applicant"), "language": "kk"}
    await api.post(OPERATOR, f"{HOME}/consultations", {**who, "text": say.word("consultation")})
    ticket = await api.ticket(
        **who,
        category=PAUSABLE,
        text=say.word("text"),
        address=say.word("address"),
        landmark=say.word("landmark"),
        point=CENTRE,
    )
    amended = {name: say.word(f"amended {name}") for name in ("text", "address", "landmark")}
    answer = await api.send(
        OPERATOR, "PATCH", f"{HOME}/tickets/{ticket['id']}",
        {**amended, "version": ticket["version"], "category": ticket["category"], "point": CENTRE},
    )  # fmt: skip
    ticket = answer.raise_for_status().json()
    await api.post(SENIOR, f"{HOME}/tickets/{ticket['id']}/unmask", {"reason": say.word("unmask")})
    ticket = await api.move("executor-heat.petropavl", SLUG, ticket, "return", reason=say.word("return"))
    ticket = await api.move(SENIOR, SLUG, ticket, "assign", service="water", note=say.word("assign"))
    ticket = await api.move(WATERMAN, SLUG, ticket, "accept")
    ticket = await api.move(WATERMAN, SLUG, ticket, "start")
    ticket = await api.move(WATERMAN, SLUG, ticket, "pause", reason=say.word("pause"))
    ticket = await api.move(WATERMAN, SLUG, ticket, "start")
    await photographed(api, http, say, ticket)
    ticket = await api.get(OPERATOR, f"{HOME}/tickets/{ticket['id']}")
    ticket = await api.move(WATERMAN, SLUG, ticket, "done", note=say.word("done"))
    await called_back(api, ticket, "unreachable", say.word("unreachable"))
    await called_back(api, ticket, "not_done", say.word("not done"))
    ticket = await api.get(OPERATOR, f"{HOME}/tickets/{ticket['id']}")
    for verb in ("accept", "start", "done"):
        ticket = await api.move(WATERMAN, SLUG, ticket, verb)
    await called_back(api, ticket, "confirmed", say.word("confirmed"))
    closed: dict[str, Any] = await api.get(OPERATOR, f"{HOME}/tickets/{ticket['id']}")
    assert closed["state"] == "closed"
    return closed


async def photographed(api: Api, http: httpx.AsyncClient, say: Canaries, ticket: dict[str, Any]) -> None:
    """A photo whose name, metadata and pixels are canaries; what is stored of it is one, too."""
    exif = makers.Image.Exif()
    exif[0x010E], exif[0x013B] = say.word("exif"), say.phone
    sent = makers.photo(colour=f"#{say.digits[-6:]}", exif=exif, comment=say.word("comment").encode())
    bearer = {"Authorization": f"Bearer {await api.token(WATERMAN)}"}
    answer = await http.post(
        f"/api/v1{HOME}/tickets/{ticket['id']}/photos", headers=bearer,
        files={"photo": (f"{say.word('file')}.jpg", sent)},
    )  # fmt: skip
    photo = answer.raise_for_status().json()["id"]
    kept = (await api.send(WATERMAN, "GET", f"{HOME}/photos/{photo}")).content
    for content in (sent, kept):
        say.secrets.extend([content[-26:-2], hashlib.sha256(content).digest()])


async def called_back(api: Api, ticket: dict[str, Any], outcome: str, note: str) -> None:
    """What the applicant said when he was phoned."""
    callback = await callback_of(api, ticket)
    await api.post(
        OPERATOR, f"{HOME}/callbacks/{callback['id']}/attempts", {"outcome": outcome, "note": note}
    )


async def handoffs(api: Api, hub_api: HubApi, say: Canaries) -> str:
    """Emergencies with a canary in each field on both sides: one is declined, one cancelled, one carried out. The
    name of the last."""
    said = {
        "phone": say.phone, "applicant": say.word("caller"), "text": say.word("emergency"),
        "address": say.word("there"), "landmark": say.word("near"), "services": ["103"], "type": "medical.cardiac",
        "place": dict.fromkeys(("house", "entrance", "floor", "flat", "intercom"), say.short()),
    }  # fmt: skip
    numbers = []
    for end in ("decline", "cancel", "close"):
        made = await api.emergency(**said, point=CENTRE)
        one, handoff = f"{HOME}/emergencies/{made['incident']['id']}", made["handoffs"][0]["id"]
        await api.post(OPERATOR, f"{one}/notes", {"text": say.word(f"note {end}")})
        await api.post(OPERATOR, f"{one}/handoffs/{handoff}/phoned", {"said_to": say.word(f"phoned {end}")})
        at_desk = f"/103/handoffs/{handoff}"
        await until(lambda at=at_desk: _there(hub_api, at), wanted=True)
        await hub_api.send("operator.103", "POST", f"{at_desk}/notes", {"text": say.word(f"desk {end}")})
        if end == "cancel":
            await api.post(OPERATOR, f"{one}/handoffs/{handoff}/cancel", {"reason": say.word("cancel")})
            await api.send(SENIOR, "POST", f"{one}/handoffs/{handoff}/reopen", {"reason": say.word("reopen")})
        for verb, body in _decided(end, say):
            answer = await hub_api.send("operator.103", "POST", f"{at_desk}/{verb}", body)
            assert answer.is_success, f"{verb}: {answer.text}"
        numbers.append(made["incident"]["reference"])
    return str(numbers[-1])


def _decided(end: str, say: Canaries) -> list[tuple[str, dict[str, str]]]:
    """What the desk does."""
    crew = {"unit_id": "7", "kind": "als", "status": "assigned", "call_sign": say.short()}
    return {
        "decline": [("decline", {"reason_code": "false_alarm", "reason": say.word("declined")})],
        "cancel": [],
        "close": [
            ("accept", {"external_id": say.short(), "note": say.word("accepted")}), ("units", crew),
            ("close", {"disposition": say.word("disposition")}),
        ],
    }[end]  # fmt: skip


async def _there(hub_api: HubApi, at_desk: str) -> bool:
    return (await hub_api.send("operator.103", "GET", at_desk)).is_success


@pytest_asyncio.fixture(loop_scope="session")
async def region(
    environment: dict[str, str], region_superuser: asyncpg.Connection, at_region: Browsing, region_api: Api
) -> AsyncIterator[Region]:
    """From now on."""
    lines = Connections(environment["NATS_URL"], Path(environment["NATS_CREDENTIALS"]), "tests")
    feed = Feed(lines)
    await feed.begin()
    yield Region(feed, region_superuser, at_region, region_api)
    await lines.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(environment: dict[str, str]) -> AsyncIterator[JetStreamContext]:
    """The account of Petropavl."""
    lines = Connections(environment["NATS_URL"], Path(environment["NATS_CREDENTIALS"]), "tests")
    yield (await lines.get("T_PETROPAVL")).jetstream()
    await lines.close()


@pytest.mark.parametrize("form", PLANTED)
def test_the_eye_sees_a_canary_in_every_form(form: str) -> None:
    words = Canaries()
    around = b"\x00 ...before " * 3
    planted = [("here", around + PLANTED[form](words.word("field")) + around)]

    assert words.seen(planted)
    assert Canaries().seen(planted) == []


@pytest.mark.parametrize("written", ["8 (705) {}-{}-{}", "+7705{}{}{}", "705 {} {} {}", "7-705-{}-{}{}"])
def test_the_eye_sees_a_phone_however_it_is_written(written: str) -> None:
    words = Canaries()
    d = words.digits
    said = written.format(d[3:6], d[6:8], d[8:])

    assert words.seen([("here", f"tel: {said}.".encode())])
    assert words.seen([("here", b"tel: +77051234567, 8 705 123 45 67")]) == []


@pytest.mark.timeout(600)
async def test_nothing_of_a_person_reaches_the_region(
    api: Api, http: httpx.AsyncClient, hub_api: HubApi, superuser: asyncpg.Connection, region: Region
) -> None:
    words = Canaries()
    ticket = await flow_a(api, http, words)
    emergency = await handoffs(api, hub_api, words)
    person = await superuser.fetchrow(
        "SELECT c.id, c.phone_index FROM dispatch.contact c JOIN dispatch.ticket t ON t.contact_id = c.id"
        " WHERE t.id = $1::uuid", ticket["id"],
    )  # fmt: skip
    words.secrets.extend([person["phone_index"], str(person["id"]).encode()])
    await until(lambda: region.has(f"{CLOSED}ticket WHERE reference = $1", ticket["reference"]), True, 60)
    await until(lambda: region.has(f"{CLOSED}handoff WHERE incident = $1", emergency), True, 60)

    places = await region.places(ticket)

    for name, pieces in places.items():
        assert words.seen(pieces) == []
        # What may be known is there, so what was looked at is the right thing.
        mark = b"region109" if name == "logs" else ticket["reference"].encode()
        assert any(mark in content for _, content in pieces), name


async def test_a_canary_that_a_tenant_smuggles_is_seen_in_the_stream_and_has_no_way_further(
    api: Api, region: Region, tenant: JetStreamContext
) -> None:
    words, ticket = Canaries(), await api.ticket()
    smuggled = b'{"type":"ticket/1","applicant":"%s"}' % words.word("smuggled").encode()
    seq = (await tenant.publish("sko.feed.petropavl.ticket", smuggled)).seq
    await until(lambda: region.has("SELECT true FROM region.refused WHERE seq = $1", seq), True)
    await until(lambda: region.has("SELECT true FROM region.ticket WHERE id = $1::uuid", ticket["id"]), True)

    places = await region.places(ticket)

    assert {name for name, pieces in places.items() if words.seen(pieces)} == {"streams"}


async def test_a_canary_in_a_table_would_be_seen(region: Region) -> None:
    words = Canaries()
    transaction = region.rows.transaction()
    await transaction.start()
    try:
        await region.rows.execute("CREATE TABLE region.planted (word bytea)")
        await region.rows.execute("INSERT INTO region.planted VALUES ($1)", words.word("planted").encode())
        seen = words.seen(await database(region.rows))
    finally:
        await transaction.rollback()

    assert {one.split(":")[0] for one in seen} == {"table region.planted"}
