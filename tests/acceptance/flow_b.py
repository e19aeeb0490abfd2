"""Both ends of a handoff, worked by keys: the operator of 109 with the bar before him, and a desk at its board."""

import re
from contextlib import suppress
from typing import Any

import asyncpg
from playwright.async_api import Locator, Page, expect
from tests.acceptance import keys
from tests.acceptance.api import Api
from tests.acceptance.screens import Call, Intake
from tests.acceptance.waiting import patience

NUMBER = re.compile(r"20\d\d\.\d+")
STAGES = ("saved", "in_hub", "received", "seen", "accepted", "units", "on_scene", "closed")
MEDICAL = "chest pain"


class Operator:
    """The person at 109, on the card of one emergency."""

    def __init__(self, page: Page, api: Api) -> None:
        self.page, self._api = page, api
        self.alarms = page.locator("handoff-alarms")

    async def hand_off(self, said: Call) -> str:
        """F9 from a call that has just begun; the id of the emergency, whose card is open afterwards."""
        await Intake(self.page).open()
        await self.page.keyboard.type(said.phone)
        await self.page.keyboard.press("F9")
        dialog = self.page.locator("#emergency-dialog")
        await expect(dialog.locator("#em-type")).to_be_focused()
        await self.page.keyboard.type(MEDICAL)
        await self.page.keyboard.press("Enter")
        await keys.fill(self.page, "#em-text", said.text)
        await keys.fill(self.page, "#em-address", said.address)
        await self.page.keyboard.press("Control+Enter")
        handed = self.page.locator("#result [data-incident]")
        await expect(handed).to_contain_text(NUMBER)
        found = str(await handed.get_attribute("data-incident"))
        await self.page.goto(f"/t/petropavl/op/emergencies/e/{found}")
        return found

    def bar(self, service: str = "103") -> Locator:
        """The bar of one service."""
        return self.page.locator(f"#em-services [data-service='{service}']")

    async def reached(self, stage: str, seconds: float = 15) -> None:
        """Wait until the bar is filled up to a stage, without touching the page."""
        for name in STAGES[: STAGES.index(stage) + 1]:
            step = self.bar().locator(f"[data-stage='{name}']")
            await expect(step).to_have_attribute("data-state", "done", timeout=patience(seconds) * 1000)

    async def alarm(self, emergency: str, kind: str) -> Locator:
        """The line that tells to phone now over the one handoff of an emergency."""
        handoff = (await self.handoff(emergency))["id"]
        return self.alarms.locator(f"[data-handoff='{handoff}'][data-alarm='{kind}']", has_text="phone now")

    async def handoff(self, emergency: str) -> Any:
        """The one handoff of an emergency as the JSON API tells it."""
        told = await self._api.get("operator.petropavl", f"/t/petropavl/emergencies/{emergency}")
        (handoff,) = told["handoffs"]
        return handoff


class Desk:
    """The person at 103."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def open(self) -> None:
        """The board with its stream."""
        await self.page.goto("/hub/103")
        await expect(self.page.locator("live-badge")).to_have_attribute(
            "data-state", "live", timeout=patience(30) * 1000
        )

    async def accept(self, handoff: str) -> None:
        """F7, arrows, Enter; once more when the board held the key back because its rows had just moved."""
        row, taken = self.page.locator(f"#waiting #h-{handoff}"), self.page.locator(f"#underway #h-{handoff}")
        await expect(row).to_be_visible(timeout=patience(30) * 1000)
        for _ in range(3):
            await self.page.keyboard.press("F7")
            ids = await self.page.locator("#waiting-list [data-row]").evaluate_all(
                "rows => rows.map(r => r.id)"
            )
            await keys.down(self.page, ids.index(f"h-{handoff}"))
            await expect(row).to_be_focused()
            await self.page.keyboard.press("Enter")
            with suppress(AssertionError):
                return await expect(taken).to_be_visible(timeout=patience(3) * 1000)
        await expect(taken).to_be_visible()

    async def open_card(self, handoff: str) -> None:
        """The card; its group of acts has the focus."""
        await self.page.goto(f"/hub/103/h/{handoff}")
        await self.page.locator("#card-acts").focus()

    async def send_crew(self, call_sign: str) -> None:
        """U, the call sign, Ctrl+Enter."""
        await self.page.locator("#card-acts").focus()
        await self.page.keyboard.press("u")
        await self._answer("#unit-dialog", ("#unit-call-sign", call_sign))

    async def crew(self, status: str) -> None:
        """En route (departed) or on scene."""
        button = self.page.locator(f".crews button[value={status}]")
        await expect(button).to_be_visible()
        await button.focus()
        await self.page.keyboard.press("Enter")
        await expect(button).to_have_count(0)

    async def close(self, how: str) -> None:
        """X, what became of it, Ctrl+Enter."""
        await self.page.locator("#card-acts").focus()
        await self.page.keyboard.press("x")
        await self._answer("#close-dialog", ("#close-outcome", "Taken"), ("#close-text", how))

    async def _answer(self, dialog: str, *fields: tuple[str, str]) -> None:
        await expect(self.page.locator(dialog)).to_be_visible()
        for field, words in fields:
            if not await keys.focused(self.page, field):
                await keys.tab_to(self.page, field)
            await self.page.keyboard.type(words)
        await self.page.keyboard.press("Control+Enter")
        await expect(self.page.locator(dialog)).to_be_hidden()


async def rows_in_hub(environment: dict[str, str], handoff: str) -> list[str]:
    """The states of a handoff in the hub's database: one row, however often it was sent."""
    superuser = await asyncpg.connect(environment["POSTGRES_DSN"].rpartition("/")[0] + "/hub")
    try:
        rows = await superuser.fetch("SELECT state FROM hub.handoff WHERE id = $1", handoff)
        return [row["state"] for row in rows]
    finally:
        await superuser.close()
