"""The screens of flow A as their people work them: by keys alone."""

import re
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Locator, Page, expect
from tests.acceptance import keys

REFERENCE = re.compile(r"109-\d\d-\d{6}")


@dataclass(frozen=True)
class Call:
    """What a caller says; `token` is a word that no other ticket has."""

    token: str
    phone: str
    address: str
    text: str


def call(about: str = "нет воды") -> Call:
    """A call like no other."""
    number = uuid4().int
    token = f"кв{number % 10**9:09d}"
    digits = f"{number % 10**7:07d}"
    phone = f"8 (705) {digits[:3]}-{digits[3:5]}-{digits[5:]}"
    return Call(token, phone, f"улица Парковая, {token}", f"Третий день {about}, {token}")


class Intake:
    """The operator's desk."""

    def __init__(self, page: Page, slug: str = "petropavl") -> None:
        self.page = page
        self.result = page.locator("#result")
        self._path = f"/t/{slug}/op"

    async def open(self) -> None:
        """The phone has the focus at once."""
        await self.page.goto(self._path)
        await expect(self.page.locator("#phone")).to_be_focused()
        await expect(self.page.locator("tenant-map")).to_have_attribute("data-map-state", "idle")

    async def write(self, said: Call) -> None:
        """Phone, applicant, language, address, text, in the order of the fields; the category from the words."""
        await self.page.keyboard.type(said.phone)
        await keys.fill(self.page, "#applicant", "Айгүл Сәрсенова")
        await keys.tab_to(self.page, "[name=language]")
        await self.page.keyboard.press("ArrowDown")
        await keys.fill(self.page, "#address", said.address)
        await keys.fill(self.page, "#text", said.text)
        await expect(self.page.locator("[data-take-category]").first).to_be_visible()
        await self.page.keyboard.press("Alt+k")
        await expect(self.page.locator("#guess button")).to_have_count(0)

    async def save(self) -> str:
        """Ctrl+Enter; the number that appears."""
        await self.page.keyboard.press("Control+Enter")
        await expect(self.result).to_contain_text(REFERENCE)
        found = REFERENCE.search(await self.result.inner_text())
        assert found
        return found[0]


class Inbox:
    """The service's inbox."""

    def __init__(self, page: Page, slug: str = "petropavl") -> None:
        self.page = page
        self._path = f"/t/{slug}/svc"

    async def open(self) -> None:
        """The tab of new tickets."""
        await self.page.goto(self._path)

    async def turn_to(self, tab: str) -> None:
        """Another tab, from the keyboard."""
        await keys.tab_to(self.page, f"#tab-{tab}")
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    def row(self, reference: str) -> Locator:
        """The line of a ticket."""
        return self.page.locator("[data-row]", has_text=reference)

    async def press(self, reference: str, key: str) -> None:
        """A letter on the row of a ticket."""
        await keys.seek(self.page, reference)
        await self.page.keyboard.press(key)

    async def finish(self, reference: str, note: str, photo: Path) -> None:
        """Done, with what was done and a photo of it."""
        await self.press(reference, "d")
        dialog = self.page.locator("#done-dialog")
        await expect(dialog).to_be_visible()
        # The browser is told well before the key that the choice of a file will be answered for it.
        async with self.page.expect_file_chooser() as chooser:
            if not await keys.focused(self.page, "#done-note"):
                await keys.tab_to(self.page, "#done-note")
            await self.page.keyboard.type(note)
            await keys.tab_to(self.page, "#done-photo")
            await self.page.keyboard.press("Space")
        await (await chooser.value).set_files(photo)
        await self.page.keyboard.press("Control+Enter")
        await expect(dialog).to_be_hidden()


class Callbacks:
    """The operator's list of people to phone."""

    def __init__(self, page: Page, slug: str = "petropavl") -> None:
        self.page = page
        self.toasts = page.locator("#toasts")
        self._path = f"/t/{slug}/op/callbacks"

    async def open(self) -> None:
        """The soonest due first."""
        await self.page.goto(self._path)

    async def press(self, reference: str, key: str) -> None:
        """A letter on the row of a ticket."""
        await keys.seek(self.page, reference)
        await self.page.keyboard.press(key)


class Card:
    """One ticket on one page."""

    def __init__(self, page: Page, reference: str, slug: str = "petropavl") -> None:
        self.page = page
        self.head = page.locator("#card-head")
        self.title = page.locator("#card-title")
        self.steps = page.locator("ol.timeline > li")
        self.story = page.locator("#card-story")
        self.work = page.locator("#card-work")
        self._path = f"/t/{slug}/r/{reference}"

    async def open(self) -> None:
        """With its map, where it has one."""
        await self.page.goto(self._path)
        await expect(self.page.locator("tenant-map[data-map-state=loading]")).to_have_count(0)
