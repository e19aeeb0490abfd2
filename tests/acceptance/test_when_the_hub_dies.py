"""Flow B with the hub killed before, during and after the handoff: told in time, nothing lost, nothing twice."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest_asyncio
from playwright.async_api import expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.flow_b import Desk, Operator, rows_in_hub
from tests.acceptance.parts import Parts
from tests.acceptance.screens import call
from tests.acceptance.waiting import until

HUB = ("hub", "hub-live", "hub-worker")
AFTER_A_KILL = 40.0
RECEIPT_SECONDS = 10
"""T1 of P0: without a receipt by then the operator is told to phone."""


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def whole_again(parts: Parts) -> AsyncIterator[None]:
    """Whatever a test took away is back for the next one."""
    yield
    for name in ("nats", *HUB, "worker"):
        await parts.start(name)


async def all_of(parts: Parts, verb: str) -> None:
    await asyncio.gather(*(getattr(parts, verb)(name) for name in HUB))


async def hub_serves(environment: dict[str, str]) -> None:
    """Wait until web and live answer again after a kill."""

    async def ready() -> bool:
        async with httpx.AsyncClient(timeout=5) as client:
            addresses = [f"{environment[name]}/readyz" for name in ("HUB_URL", "HUB_LIVE_URL")]
            with suppress(httpx.TransportError):
                answers = [await client.get(address) for address in addresses]
                return all(answer.is_success for answer in answers)
            return False

    await until(ready, wanted=True, seconds=AFTER_A_KILL)


async def to_the_end(operator: Operator, desk: Desk, emergency: str, environment: dict[str, str]) -> None:
    """From the desk's board to the closed handoff; it exists once."""
    handoff = (await operator.handoff(emergency))["id"]
    await desk.open()
    await desk.accept(handoff)
    await operator.reached("accepted")
    await desk.open_card(handoff)
    await desk.close("Помощь оказана")
    await expect(operator.bar()).to_have_attribute("data-state", "closed")
    assert await rows_in_hub(environment, handoff) == ["closed"]


async def test_with_the_hub_dead_before_the_handoff_the_operator_is_told_to_phone_and_later_it_arrives_once(
    browsing: Browsing, at_hub: Browsing, api: Api, parts: Parts, environment: dict[str, str]
) -> None:
    operator = Operator((await browsing.of("operator.petropavl")).page, api)
    window = await at_hub.of("operator.103")
    await all_of(parts, "stop")

    emergency = await operator.hand_off(call("потеря сознания"))
    await operator.reached("in_hub")
    alarm = await operator.alarm(emergency, "no_receipt")
    await expect(alarm).to_be_visible(timeout=(RECEIPT_SECONDS + 5) * 1000)
    await expect(alarm.locator("a[href^='tel:+']")).to_be_visible()

    await all_of(parts, "start")
    await to_the_end(operator, Desk(window.page), emergency, environment)
    await expect(alarm).to_have_count(0)


async def test_with_the_broker_dead_the_operator_is_told_to_phone_and_later_it_arrives_once(
    browsing: Browsing, at_hub: Browsing, api: Api, parts: Parts, environment: dict[str, str]
) -> None:
    operator = Operator((await browsing.of("operator.petropavl")).page, api)
    window = await at_hub.of("operator.103")
    await parts.stop("nats")

    emergency = await operator.hand_off(call("потеря сознания"))
    await operator.reached("saved")
    alarm = await operator.alarm(emergency, "no_hub")
    await expect(alarm).to_be_visible(timeout=12_000)

    await parts.start("nats")
    await operator.reached("in_hub", AFTER_A_KILL)
    await to_the_end(operator, Desk(window.page), emergency, environment)


async def test_with_the_hub_killed_during_the_handoff_it_arrives_once(
    browsing: Browsing, at_hub: Browsing, api: Api, parts: Parts, environment: dict[str, str]
) -> None:
    operator = Operator((await browsing.of("operator.petropavl")).page, api)
    window = await at_hub.of("operator.103")

    handing = asyncio.create_task(operator.hand_off(call("травма")))
    for _ in range(2):  # while the dialog is filled in, and again while the message is on its way
        await all_of(parts, "kill")
        await asyncio.sleep(1.5)
    emergency = await handing

    window.watch.lines_may_break = True
    await hub_serves(environment)
    await to_the_end(operator, Desk(window.page), emergency, environment)


async def test_with_the_hub_killed_after_the_acceptance_the_crew_s_way_is_told_all_the_same(
    browsing: Browsing, at_hub: Browsing, api: Api, parts: Parts, environment: dict[str, str]
) -> None:
    operator = Operator((await browsing.of("operator.petropavl")).page, api)
    window = await at_hub.of("operator.103")
    window.watch.lines_may_break = True
    desk = Desk(window.page)
    await desk.open()
    emergency = await operator.hand_off(call("роды"))
    await operator.reached("received")
    handoff = (await operator.handoff(emergency))["id"]
    await desk.accept(handoff)
    await operator.reached("accepted")

    await all_of(parts, "kill")
    await hub_serves(environment)
    await desk.open_card(handoff)
    await desk.send_crew("Бригада 3")
    await operator.reached("units")
    await desk.crew("departed")
    await desk.crew("on_scene")
    await desk.close("Родила, всё хорошо")

    await operator.reached("closed")
    await expect(operator.bar()).to_contain_text(re.compile("Бригада 3"))
    assert await rows_in_hub(environment, handoff) == ["closed"]
