"""Debian's Chromium as people use it: signed in through Keycloak's own page, every fault of a page noted.

A person signs in once in a run; further windows get the same cookies. A fault is an error on the console, an
exception, or a violation of the content security policy; a test that expects a refusal says so by `allow`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response, StorageState, expect
from tests.acceptance.waiting import patience

ARGUMENTS = [
    "--no-sandbox", "--enable-unsafe-swiftshader", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--no-first-run",
]  # fmt: skip
WIDE, PHONE = {"width": 1600, "height": 900}, {"width": 390, "height": 844}
# Runs before any script of the page and outside its policy; the word is looked for on the console.
LISTEN = """document.addEventListener('securitypolicyviolation', (event) =>
    console.error(`CSP: ${event.effectiveDirective} ${event.blockedURI}`));"""
STATUS = re.compile(r"status of (\d{3})")
BROKEN_LINE = ("net::ERR_", "Failed to fetch")
SIGNED_IN = 200


def answered_at(answer: Response) -> float:
    """When an answer began to arrive, in milliseconds of the browser's clock. Not its end: a page that goes elsewhere
    upon the answer may never tell of it, and who waits for that (`Response.finished`) waits for ever."""
    timing = answer.request.timing
    return float(timing["startTime"] + timing["responseStart"])


@dataclass
class Watch:
    """What went wrong in the pages of one window."""

    keycloak: str
    faults: list[str] = field(default_factory=list)
    allowed: set[int] = field(default_factory=set)
    lines_may_break: bool = False

    def allow(self, *statuses: int) -> None:
        """Answers with these statuses are what the test wants to see."""
        self.allowed.update(statuses)

    def heard(self, message: ConsoleMessage) -> None:
        """Judge one line of the console."""
        source = message.location.get("url", "")
        if message.type != "error" or source.startswith(self.keycloak):
            return
        status = STATUS.search(message.text)
        if status and int(status[1]) in self.allowed:
            return
        if self.lines_may_break and any(words in message.text for words in BROKEN_LINE):
            return
        self.faults.append(f"{message.text} ({source})")

    def thrown(self, error: Any) -> None:
        """Note an exception that nobody caught."""
        self.faults.append(f"exception: {error}")


@dataclass
class Window:
    """One browser window of one person; `page` is its first tab."""

    context: BrowserContext
    page: Page
    watch: Watch

    async def speak(self, language: str) -> None:
        """Choose the language of the screens, as the switch in the menu does."""
        await self.context.add_cookies(
            [{"name": "lang", "value": language, "domain": "localhost", "path": "/", "secure": True}]
        )

    async def cookie(self, name: str) -> str:
        """The value of one of our cookies, empty when there is none."""
        found = [c for c in await self.context.cookies() if c.get("name") == name]
        return found[0].get("value", "") if found else ""


class Browsing:
    """Opens windows and remembers who has signed in."""

    def __init__(self, browser: Browser, environment: Mapping[str, str]) -> None:
        self._browser = browser
        self._environment = environment
        self._states: dict[str, StorageState] = {}
        self._windows: list[Window] = []

    @property
    def home(self) -> str:
        """The origin of the consoles."""
        return self._environment["DISPATCH_URL"]

    async def open(
        self, *, language: str = "en", size: dict[str, int] = WIDE, state: StorageState | None = None
    ) -> Window:
        """A window of nobody, or with the cookies of `state`."""
        context = await self._browser.new_context(
            base_url=self.home, viewport=size, locale="ru-RU", timezone_id="Asia/Almaty", storage_state=state,
            reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(patience(20) * 1000)
        expect.set_options(timeout=patience(5) * 1000)
        watch = Watch(self._environment["KEYCLOAK_URL"])
        await context.add_init_script(LISTEN)
        context.on("console", watch.heard)
        context.on("weberror", lambda fault: watch.thrown(fault.error))
        window = Window(context, await context.new_page(), watch)
        await window.speak(language)
        self._windows.append(window)
        return window

    async def of(self, person: str, *, language: str = "en", size: dict[str, int] = WIDE) -> Window:
        """A window of a demo person, who signs in now unless his session of before still holds."""
        if person in self._states:
            window = await self.open(language=language, size=size, state=self._states[person])
            if (await window.context.request.get("/me", max_redirects=0)).status == SIGNED_IN:
                return window
            await self._close(window)
        first = await self.open()
        await self.sign_in(first, person)
        self._states[person] = await first.context.storage_state()
        await self._close(first)
        return await self.open(language=language, size=size, state=self._states[person])

    async def sign_in(
        self, window: Window, person: str, *, next_path: str = "/me", password: str = ""
    ) -> None:
        """From our page through Keycloak's and back."""
        await window.page.goto(f"/login?next={next_path}")
        await self.answer_keycloak(window.page, person, password)
        await window.page.wait_for_url(f"{self.home}/**")

    async def answer_keycloak(self, page: Page, person: str, password: str = "") -> None:
        """Fill in Keycloak's own form and send it."""
        await page.locator("#username").fill(person)
        await page.locator("#password").fill(password or self._environment["DEMO_PASSWORD"])
        await page.locator("#password").press("Enter")

    async def close(self) -> list[str]:
        """Close every window of a test; the faults of all their pages."""
        faults = [fault for window in self._windows for fault in window.watch.faults]
        for window in list(self._windows):
            await self._close(window)
        return faults

    async def _close(self, window: Window) -> None:
        self._windows.remove(window)
        await window.context.close()
