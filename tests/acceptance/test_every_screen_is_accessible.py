"""Every screen × kk, ru, en × a desk's and a phone's width: nothing for axe-core to find, nothing wider than the
window, no word left in English. The pictures go to `.local/<instance>/screens` for people to look at."""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests.acceptance import axe
from tests.acceptance.api import CENTRE, Api
from tests.acceptance.browsing import PHONE, WIDE, Browsing

LANGUAGES = ("en", "ru", "kk")  # English first: the others are compared with it
SAME_IN_ALL = {"English", "Қазақша", "Русский", "109", "XLSX", "CSV"}
LATIN_WORD = re.compile("[A-Za-z]{3,}")
USERNAME = re.compile(r"[a-z0-9-]+\.[a-z-]+")


@dataclass(frozen=True)
class Screen:
    """A screen, who opens it, and the status it answers."""

    name: str
    person: str
    path: str
    status: int = 200


SCREENS = (
    Screen("start", "", "/"),
    Screen("signed-out", "", "/signed-out"),
    Screen("choose", "operator.both", "/tenants"),
    Screen("me", "operator.both", "/me"),
    Screen("refused-404", "operator.petropavl", "/t/nowhere/op", 404),
    Screen("refused-403", "operator.petropavl", "/t/petropavl/svc", 403),
    Screen("intake", "operator.petropavl", "/t/petropavl/op"),
    Screen("queue", "senior.petropavl", "/t/petropavl/op/queue?service=lighting"),
    Screen("queue-empty", "senior.petropavl", "/t/petropavl/op/queue?q=no-such-words-anywhere"),
    Screen("calls", "operator.petropavl", "/t/petropavl/op/calls"),
    Screen("emergencies", "senior.petropavl", "/t/petropavl/op/emergencies"),
    Screen("emergencies-exercise", "operator.petropavl", "/t/petropavl/op/emergencies?which=exercise"),
    Screen("emergencies-none", "operator.petropavl", "/t/petropavl/op/emergencies?q=2026.99999999"),
    Screen("emergency", "operator.petropavl", "/t/petropavl/op/emergencies/e/{emergency}"),
    Screen("emergency-new", "operator.petropavl", "/t/petropavl/op/emergencies/new"),
    Screen("emergency-of-ticket", "operator.petropavl", "/t/petropavl/op/emergencies/new?ticket={assigned}"),
    Screen("card-handed-off", "senior.petropavl", "/t/petropavl/r/{handed_off}"),
    Screen("card-assigned", "senior.petropavl", "/t/petropavl/r/{assigned}"),
    Screen("card-in-progress", "executor.petropavl", "/t/petropavl/r/{in_progress}"),
    Screen("card-closed", "operator.petropavl", "/t/petropavl/r/{closed}"),
    Screen("inbox-new", "executor.petropavl", "/t/petropavl/svc"),
    Screen("inbox-in-progress", "executor.petropavl", "/t/petropavl/svc?tab=in_progress"),
    Screen("callbacks", "operator.petropavl", "/t/petropavl/op/callbacks"),
    Screen("people", "tenant-admin.petropavl", "/t/petropavl/admin/people"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tickets(api: Api) -> AsyncIterator[dict[str, str]]:
    """The numbers of tickets in four states, one whose applicant is owed a call, and of an emergency."""
    assigned = await api.ticket(point=CENTRE)
    begun = await api.ticket()
    for verb in ("accept", "start"):
        begun = await api.move("executor.petropavl", "petropavl", begun, verb)
    closed, _ = await api.done(), await api.done()
    callback = await owed(api, closed)
    attempt = {"outcome": "confirmed", "note": ""}
    await api.post("operator.petropavl", f"/t/petropavl/callbacks/{callback['id']}/attempts", attempt)
    handed = await api.ticket(point=CENTRE)
    await api.emergency(ticket=handed["id"])
    await api.emergency(mode="exercise")
    emergency = await api.emergency(point=CENTRE)
    yield {
        "assigned": assigned["reference"], "in_progress": begun["reference"], "closed": closed["reference"],
        "handed_off": handed["reference"], "emergency": emergency["incident"]["number"],
    }  # fmt: skip


async def owed(api: Api, ticket: dict[str, Any]) -> dict[str, Any]:
    """The callback of a ticket, from the pages of the list."""
    cursor = ""
    while True:
        found = await api.get("operator.petropavl", f"/t/petropavl/callbacks?limit=100{cursor}")
        for callback in found["items"]:
            if callback["ticket"] == ticket["id"]:
                return dict(callback)
        assert found["next"], "the ticket is owed no call"
        cursor = f"&cursor={found['next']}"


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the pictures go."""
    folder = Path(os.environ["DISPATCH109_LOCAL"]) / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_is_accessible_in_every_language_and_width(
    screen: Screen, browsing: Browsing, tickets: dict[str, str], pictures: Path
) -> None:
    faults = await in_every_language_and_width(screen, browsing, tickets, pictures)

    assert not faults, "\n".join(faults)


async def in_every_language_and_width(
    screen: Screen, browsing: Browsing, objects: dict[str, str], pictures: Path
) -> list[str]:
    """What is wrong with a screen; `objects` fill the places of its path."""
    window = await (browsing.of(screen.person) if screen.person else browsing.open())
    window.watch.allow(screen.status)
    faults: list[str] = []
    english: set[str] = set()

    for language in LANGUAGES:
        await window.speak(language)
        answer = await window.page.goto(screen.path.format(**objects))
        assert answer is not None
        assert answer.status == screen.status
        await expect(window.page.locator("html")).to_have_attribute("lang", language)
        await settle(window.page)
        said = await axe.words(window.page)
        english = said if language == "en" else english
        faults += [f"{language}: not translated: {word}" for word in left_in_english(said, english, language)]
        faults += await at_both_widths(window.page, lambda at, of=language: picture(pictures, screen, of, at))
    return faults


async def at_both_widths(page: Page, place: Callable[[int], Path]) -> list[str]:
    """What is wrong with the page as it stands, at a desk and on a phone."""
    faults: list[str] = []
    for size in (WIDE, PHONE):
        width = size["width"]
        await page.set_viewport_size({"width": width, "height": size["height"]})
        name = place(width)
        await page.screenshot(path=name)
        faults += [f"{name.stem}: {finding}" for finding in await axe.findings(page)]
        if wider := await axe.overflow(page):
            faults.append(f"{name.stem}: {wider} pixels wider than the window")
    await page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
    return faults


async def settle(page: Page) -> None:
    """Wait for fonts, the map and the fragments that a page reads by itself."""
    await page.evaluate("document.fonts.ready.then(() => null)")
    waiting: list[Awaitable[None]] = [
        expect(page.locator("tenant-map[data-map-state=loading]")).to_have_count(0)
    ]
    waiting.append(expect(page.locator(".htmx-request")).to_have_count(0))
    if await page.locator("live-badge").count():
        waiting.append(expect(page.locator("live-badge")).to_have_attribute("data-state", "live"))
    for one in waiting:
        await one


def left_in_english(said: set[str], english: set[str], language: str) -> list[str]:
    """Words of another language's page that stand in the English one as well."""
    if language == "en":
        return []
    same = said & english - SAME_IN_ALL
    return sorted(word for word in same if LATIN_WORD.search(word) and not USERNAME.fullmatch(word))


def picture(folder: Path, screen: Screen, language: str, width: int) -> Path:
    """The file of one picture."""
    return folder / f"{screen.name}-{language}-{width}.png"
