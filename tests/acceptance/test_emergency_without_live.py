"""The operator's screens when parts of our own are silent: the live process, then every answer of the server."""

import asyncio
import re

from playwright.async_api import Route, expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.screens import call
from tests.acceptance.waiting import patience

SOON = 8_000  # milliseconds: the page asks every two seconds
WITHIN_THE_DEADLINE = 40_000


async def test_without_the_live_process_the_card_still_follows(
    browsing: Browsing, api: Api, environment: dict[str, str]
) -> None:
    emergency = await api.emergency(services=["103"], mode="exercise")
    window = await browsing.of("operator.petropavl")
    window.watch.lines_may_break = True
    await window.context.route(f"{environment['LIVE_URL']}/**", lambda route: route.abort())
    page, incident = window.page, emergency["incident"]
    await page.goto(f"/t/petropavl/op/emergencies/e/{incident['number']}")
    await expect(page.locator("live-badge")).to_have_attribute("data-state", "lost")
    await page.locator(f"handoff-alarms [data-handoff='{emergency['handoffs'][0]['id']}']").first.wait_for(
        state="attached"
    )

    await api.post(
        "operator.petropavl", f"/t/petropavl/emergencies/{incident['id']}/notes", {"text": "Жаңалық"}
    )

    await expect(page.locator(".em-log li", has_text="Жаңалық")).to_be_visible(timeout=patience(SOON))


async def test_a_page_that_gets_no_answer_at_all_remembers_whom_to_phone(
    browsing: Browsing, api: Api
) -> None:
    emergency = await api.emergency(services=["103"])
    window = await browsing.of("operator.petropavl")
    window.watch.lines_may_break = True
    page = window.page
    handoff = page.locator(f"handoff-alarms [data-handoff='{emergency['handoffs'][0]['id']}']")
    await page.goto("/t/petropavl/op/callbacks")
    await handoff.first.wait_for(state="attached")

    # Only the page itself still comes, say from another server's cache: every reading fails.
    await window.context.route(re.compile("/op/emergencies/"), lambda route: route.abort())
    await page.reload()

    shown = page.locator("handoff-alarms [data-level=phone]:visible a[href^='tel:']").first
    await expect(shown).to_be_visible(timeout=patience(WITHIN_THE_DEADLINE))
    await expect(handoff.first).to_be_attached()


async def test_what_came_between_a_page_and_its_stream_is_shown(
    browsing: Browsing, api: Api, environment: dict[str, str]
) -> None:
    said, told = call(), asyncio.Event()
    window = await browsing.of("senior.petropavl")
    await window.context.route(f"{environment['LIVE_URL']}/**", lambda route: after(told, route))
    await window.page.goto(f"/t/petropavl/op/queue?q={said.token}")

    ticket = await api.ticket(text=said.text)
    told.set()

    await expect(window.page.locator("#queue")).to_contain_text(ticket["reference"], timeout=patience(SOON))


async def test_what_came_before_a_page_without_live_looked_for_the_first_time_is_shown(
    browsing: Browsing, api: Api, environment: dict[str, str]
) -> None:
    told = asyncio.Event()
    incident = (await api.emergency(services=["103"], mode="exercise"))["incident"]
    window = await browsing.of("operator.petropavl")
    window.watch.lines_may_break = True
    await window.context.route(f"{environment['LIVE_URL']}/**", lambda route: route.abort())
    await window.context.route("**/op/emergencies/alarms", lambda route: after(told, route))
    await window.page.goto(f"/t/petropavl/op/emergencies/e/{incident['number']}")

    await api.post(
        "operator.petropavl", f"/t/petropavl/emergencies/{incident['id']}/notes", {"text": "Жаңалық"}
    )
    told.set()

    noted = window.page.locator(".em-log li", has_text="Жаңалық")
    await expect(noted).to_be_visible(timeout=patience(SOON))


async def after(told: asyncio.Event, route: Route) -> None:
    """Hold a request back until then; a page that did not wait for it asks again."""
    await told.wait()
    await route.continue_()
