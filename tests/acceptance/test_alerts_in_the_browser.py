"""The region warns an area: by keys, on top of the operators' screens at once, read by the shift, called off, over."""

from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

from playwright.async_api import Locator, Page, expect
from tests.acceptance import keys
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing, answered_at
from tests.acceptance.screens import call
from tests.acceptance.waiting import claimed, crowd

from chassis109.kernel import clock

COMMAND = "region.command"
LIVE, SOON = {"timeout": 30_000}, {"timeout": 15_000}
ALERTS, SHOWN_SECONDS, ENDS_AFTER = 3, 1.0, 8
"""Shown: on a quiet machine; on a crowded one it grows in proportion (waiting.claimed)."""
# When each warning has first stood on a screen, by the clock of the browser, which all windows share.
WATCH = """() => {
    const seen = window.seenAt = [];
    const strip = document.querySelector('#warnings-now');
    const known = new Set();
    const look = () => strip.querySelectorAll('.warning').forEach((one) => {
        if (!known.has(one.id)) seen.push({ text: one.textContent, at: Date.now() });
        known.add(one.id);
    });
    look();
    new MutationObserver(look).observe(strip, { childList: true, subtree: true });
}"""
TOP = "() => document.querySelector('#warnings-now .warning').getBoundingClientRect().top < innerHeight / 3"


async def screen(people: Browsing, person: str, slug: str, language: str) -> Page:
    """Somebody's list of tickets with its stream."""
    page = (await people.of(person, language=language)).page
    await page.goto(f"/t/{slug}/op/queue")
    await expect(page.locator("live-badge")).to_have_attribute("data-state", "live", **LIVE)
    await page.evaluate(WATCH)
    return page


async def warn(page: Page, words: dict[str, str], area: str) -> float:
    """The form of a warning, filled and sent by keys; when it was answered, in seconds."""
    await page.goto("/rc/alerts")
    await page.keyboard.press("Alt+n")
    await expect(page.locator("#new-title")).to_be_visible()
    await keys.tab_to(page, "#kind")
    await page.keyboard.press("ArrowDown")
    for language, text in words.items():
        await keys.fill(page, f"#{language}", text)
    await keys.tab_to(page, f"[name=territories][value={area}]")
    await page.keyboard.press("Space")
    async with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        await page.keyboard.press("Control+Enter")
    answer = await sent.value
    await expect(page.locator("#alerts-title")).to_be_visible()
    return answered_at(answer) / 1000


async def call_off(page: Page, token: str) -> None:
    """X on the row of a warning, and Enter in the question."""
    await keys.seek(page, token)
    await page.keyboard.press("x")
    await expect(page.locator("#cancel-dialog")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#cancel-dialog")).to_be_hidden()


def words_of(token: str) -> dict[str, str]:
    """The same in three languages."""
    return {
        "kk": f"Есіл тасыды {token}",
        "ru": f"Ишим вышел из берегов {token}",
        "en": f"The Esil floods {token}",
    }


def strip(page: Page, token: str) -> Locator:
    """A warning on top of a page."""
    return page.locator("#warnings-now .warning", has_text=token)


async def test_a_warning_stands_on_top_of_the_areas_screens_within_a_second_and_is_read_and_called_off(
    browsing: Browsing, at_region: Browsing, say: Callable[[str], None]
) -> None:
    """The median of three counts: one pause of a busy machine is not the way that a warning takes."""
    commander = (await at_region.of(COMMAND)).page
    readers = {
        "kk": await screen(browsing, "operator.esil", "esil", "kk"),
        "ru": await screen(browsing, "senior.esil", "esil", "ru"),
        "en": await screen(browsing, "head.esil", "esil", "en"),
    }
    elsewhere = await screen(browsing, "operator.aqzhar", "aqzhar", "en")
    took = []
    for _ in range(ALERTS):
        token = call().token
        words = words_of(token)
        answered = await warn(commander, words, "esil")
        for language, page in readers.items():
            await expect(strip(page, token)).to_contain_text(words[language], **SOON)
            assert await page.evaluate(TOP)
        took.append(await _seen(readers["kk"], token) - answered)
        row = commander.locator("[data-row]", has_text=token).locator("[data-territory=esil]")
        await expect(row).to_contain_text("not read yet", **SOON)

        # The shift reads it by one key: the others see who, and so does the region.
        await readers["kk"].keyboard.press("Alt+w")
        name = await _name(readers["kk"], token)
        await expect(strip(readers["ru"], token)).to_contain_text(name, **SOON)
        await expect(row).to_contain_text(f"Read: {name}", **SOON)

        # Called off by a key: gone from every screen, by itself.
        await call_off(commander, token)
        for page in readers.values():
            await expect(strip(page, token)).to_have_count(0, **SOON)
    assert await elsewhere.evaluate("window.seenAt.length") == 0
    token = call().token
    await warn(commander, words_of(token), "aqzhar")
    await expect(strip(elsewhere, token)).to_be_visible(**SOON)
    await expect(strip(readers["en"], token)).to_have_count(0)
    await call_off(commander, token)

    figures = ", ".join(f"{seconds:.2f}" for seconds in sorted(took))
    say(f"warned after {figures} s, {crowd():.1f} tasks a processor")
    assert median(took) <= claimed(SHOWN_SECONDS)


async def _seen(page: Page, token: str) -> float:
    found: list[dict[str, Any]] = await page.evaluate("window.seenAt")
    return float(next(one["at"] for one in found if token in one["text"])) / 1000


async def _name(page: Page, token: str) -> str:
    """Who has read a warning, as its screen says."""
    readers = strip(page, token).locator(".warning-readers")
    await expect(readers).to_be_visible(**SOON)
    return (await readers.inner_text()).split(":", 1)[1].strip()


async def test_a_warning_that_has_ended_goes_by_itself(browsing: Browsing, region_api: Api) -> None:
    page = await screen(browsing, "operator.esil", "esil", "en")
    token, until = call().token, clock.now() + timedelta(seconds=ENDS_AFTER)
    said = {"kind": "road", **words_of(token), "territories": ["esil"], "expires_at": until.isoformat()}

    await region_api.post(COMMAND, "/rc/alerts", said)

    await expect(strip(page, token)).to_be_visible(**SOON)
    await expect(strip(page, token)).to_have_count(0, timeout=(ENDS_AFTER + 15) * 1000)
    assert clock.now() >= until
