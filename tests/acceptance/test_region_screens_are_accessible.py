"""The region's figures, mandates and warnings: every screen × kk, ru, en × desk, phone, and the wall's large screen."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from tests.acceptance import axe
from tests.acceptance.api import CENTRE, Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.test_every_screen_is_accessible import (
    Screen,
    in_every_language_and_width,
    pictures,
    settle,
)
from tests.acceptance.test_region_wall_in_the_browser import WALL, heard

__all__ = ["pictures"]

COMMAND = "region.command"
SCREENS = (
    Screen("region-start", "", "/"),
    Screen("region-figures", COMMAND, "/rc/figures?period=month"),
    Screen("region-figures-category", COMMAND, "/rc/figures?period=month&by=category&sort=registered&way=down"),
    Screen("region-figures-both", COMMAND, "/rc/figures?period=month&by=both&territory=petropavl"),
    Screen("region-figures-day", COMMAND, "/rc/figures?period=week&by=day"),
    Screen("region-figures-none", COMMAND, "/rc/figures?from=2024-01-01&to=2024-01-02&by=category"),
    Screen("region-figures-wrong", COMMAND, "/rc/figures?from=2024-02-02&to=2024-01-01", 422),
    Screen("region-mandates", COMMAND, "/rc/mandates"),
    Screen("region-mandate-new", COMMAND, "/rc/mandates/new?territory=petropavl&ticket={id}"),
    Screen("region-alerts", COMMAND, "/rc/alerts"),
    Screen("region-alert-new", COMMAND, "/rc/alerts/new"),
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(api: Api, region_api: Api) -> dict[str, str]:
    """A ticket that the region has heard of, an order about it, another that waits, and a warning."""
    ticket = await api.ticket(point=CENTRE)
    await heard(region_api, ticket)
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    order = {"territory": "petropavl", "reason": "Үш үй сусыз қалды", "deadline": soon}
    await region_api.post(COMMAND, "/rc/mandates", {**order, "kind": "escalate", "ticket": ticket["id"]})
    await region_api.post(COMMAND, "/rc/mandates", {**order, "kind": "report", "territory": "esil"})
    warning = {"kk": "Боран күтіледі", "ru": "Ожидается метель", "en": "A blizzard is coming"}
    about = {"kind": "blizzard", "territories": ["petropavl", "esil"], "expires_at": soon}
    await region_api.post(COMMAND, "/rc/alerts", {**about, **warning})
    return {"id": ticket["id"]}


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_of_the_region_is_accessible_in_every_language_and_width(
    screen: Screen, at_region: Browsing, told: dict[str, str], pictures: Path
) -> None:
    faults = await in_every_language_and_width(screen, at_region, told, pictures)

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_the_large_screen_holds_every_page(
    at_region: Browsing, told: dict[str, str], pictures: Path, language: str
) -> None:
    window = await at_region.of(COMMAND, language=language, size=WALL)
    for screen in SCREENS[1:]:
        window.watch.allow(screen.status)

        await window.page.goto(screen.path.format(**told))
        await settle(window.page)
        await window.page.screenshot(path=pictures / f"{screen.name}-{language}-1920.png")

        assert (await axe.overflow(window.page), await axe.findings(window.page)) == (0, []), screen.name
