"""A part of the stack is away: the work goes on as far as it can, says so where it cannot, and loses nothing."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest_asyncio
from playwright.async_api import expect
from tests.acceptance.api import WATER, Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.parts import Parts
from tests.acceptance.screens import REFERENCE, Intake, call
from tests.acceptance.waiting import patience, until

STORED = "SELECT count(*) FROM dispatch.ticket WHERE tenant_id = 1 AND text = $1"
# Of the tenant alone: other tests leave trial tenants whose account the broker does not know.
WAITING = "SELECT count(*) FROM chassis.outbox WHERE tenant_id = 1 AND published_at IS NULL"
CLIENTS = 6
LOAD_SECONDS = 4.0
BROKEN = {503}


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def whole_again(parts: Parts) -> AsyncIterator[None]:
    """Whatever a test took away is back for the next one."""
    yield
    for name in ("postgres", "nats", "keycloak", "web", "live", "worker"):
        await parts.start(name)


async def test_without_postgresql_the_form_keeps_the_words_and_saves_once_when_it_is_back(
    browsing: Browsing, parts: Parts, environment: dict[str, str]
) -> None:
    said = call()
    window = await browsing.of("operator.petropavl")
    window.watch.allow(*BROKEN)
    window.watch.lines_may_break = True
    intake = Intake(window.page)
    await intake.open()
    await intake.write(said)

    await parts.stop("postgres")
    await window.page.keyboard.press("Control+Enter")
    state = window.page.locator("#intake-form [data-form-state]")
    await expect(state).to_contain_text("Not saved yet")
    await expect(window.page.locator("#text")).to_have_value(said.text)
    await window.page.keyboard.press("Control+Enter")  # impatience does not make a second ticket
    await parts.start("postgres")

    await expect(intake.result).to_contain_text(REFERENCE, timeout=patience(20) * 1000)
    assert await stored(environment, said.text) == 1
    await expect(window.page.locator("live-badge")).to_have_attribute(
        "data-state", "live", timeout=patience(20) * 1000
    )


async def test_without_nats_tickets_are_taken_as_before_and_the_outbox_drains_afterwards(
    browsing: Browsing, parts: Parts, superuser: asyncpg.Connection
) -> None:
    said = call()
    window = await browsing.of("operator.petropavl")
    intake = Intake(window.page)
    await intake.open()
    await until(lambda: superuser.fetchval(WAITING), 0)

    await parts.stop("nats")
    await expect(window.page.locator("live-badge")).to_have_attribute(
        "data-state", "late", timeout=patience(20) * 1000
    )
    await intake.write(said)
    await intake.save()
    assert await superuser.fetchval(WAITING) >= 1
    await parts.start("nats")

    await until(lambda: superuser.fetchval(WAITING), 0, 30)
    await expect(window.page.locator("live-badge")).to_have_attribute(
        "data-state", "live", timeout=patience(30) * 1000
    )


async def test_without_keycloak_running_sessions_work_on_and_a_new_login_is_told_so(
    browsing: Browsing, parts: Parts
) -> None:
    said = call()
    window, newcomer = await browsing.of("operator.petropavl"), await browsing.open()
    newcomer.watch.allow(*BROKEN)
    await window.page.goto("/me")

    await parts.stop("keycloak")
    intake = Intake(window.page)
    await intake.open()
    await intake.write(said)
    await intake.save()
    answer = await newcomer.page.goto("/login")
    assert answer is not None
    assert answer.status == 503
    await expect(newcomer.page.get_by_role("heading", level=1)).to_contain_text(
        "The sign-in service does not answer. New sign-ins wait; running sessions keep working."
    )
    await parts.start("keycloak")

    await browsing.sign_in(newcomer, "operator2.petropavl")
    await expect(newcomer.page.get_by_role("main")).to_contain_text("Petropavl")


async def test_sigterm_of_the_web_under_load_loses_no_ticket_that_was_answered(
    api: Api, parts: Parts, superuser: asyncpg.Connection, environment: dict[str, str]
) -> None:
    text = call("идёт нагрузка").text
    token = await api.token("operator.petropavl")
    log: list[str] = []
    statuses: set[int] = set()
    over = asyncio.Event()

    clients = [
        asyncio.create_task(call_again(environment["DISPATCH_URL"], token, text, over, log, statuses))
        for _ in range(CLIENTS)
    ]
    await asyncio.sleep(LOAD_SECONDS / 2)
    await parts.restart("web")
    await asyncio.sleep(LOAD_SECONDS / 2)
    over.set()
    unanswered = sum(await asyncio.gather(*clients))

    found = await superuser.fetch(
        "SELECT id::text FROM dispatch.ticket WHERE tenant_id = 1 AND text = $1", text
    )
    kept = {row["id"] for row in found}
    assert len(log) > CLIENTS
    assert set(log) == kept, f"{unanswered} requests had no answer"
    assert statuses <= {201, 429}


async def test_sigterm_of_the_live_process_ends_streams_and_screens_come_back_by_themselves(
    browsing: Browsing, parts: Parts, api: Api
) -> None:
    said = call()
    window = await browsing.of("senior.petropavl")
    window.watch.lines_may_break = True
    await window.page.goto(f"/t/petropavl/op/queue?q={said.token}")
    badge = window.page.locator("live-badge")
    await expect(badge).to_have_attribute("data-state", "live")

    await parts.stop("live")
    await expect(badge).to_have_attribute("data-state", "lost", timeout=patience(20) * 1000)
    ticket = await api.ticket(text=said.text)
    await parts.start("live")

    await expect(badge).to_have_attribute("data-state", "live", timeout=patience(20) * 1000)
    await expect(window.page.locator("#queue")).to_contain_text(ticket["reference"])


async def call_again(
    url: str, token: str, text: str, over: asyncio.Event, log: list[str], statuses: set[int]
) -> int:
    """Register one ticket after the other as an outside client that keeps its own log; how many got no answer."""
    unanswered = 0
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        while not over.is_set():
            try:
                answer = await http.post("/api/v1/t/petropavl/tickets", json={**WATER, "text": text})
            except httpx.ConnectError:  # nobody listens: nothing was accepted
                await asyncio.sleep(0.05)
                continue
            except httpx.TransportError:
                unanswered += 1
                continue
            statuses.add(answer.status_code)
            if answer.status_code == 201:
                log.append(answer.json()["id"])
            await asyncio.sleep(0.05)
    return unanswered


async def stored(environment: dict[str, str], text: str) -> int:
    """How many tickets say this, asked by a new connection."""
    connection = await asyncpg.connect(environment["POSTGRES_DSN"])
    try:
        return int(await connection.fetchval(STORED, text))
    finally:
        await connection.close()
