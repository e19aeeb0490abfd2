"""The screens of referrals × kk, ru, en × a desk's and a phone's width, with a row in every state and every dialog
open: nothing for axe-core to find, nothing wider than the window, no word left in English."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.acceptance import axe, keys
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.test_every_screen_is_accessible import (
    LANGUAGES,
    Screen,
    at_both_widths,
    in_every_language_and_width,
    left_in_english,
    picture,
    pictures,
    settle,
)
from tests.acceptance.waiting import until

__all__ = ["pictures"]

CITY, DISTRICT = "petropavl", "aiyrtau"
REASON = "Бұл үй сіздің ауданда"
SCREENS = (
    Screen("referrals", "operator.petropavl", "/t/petropavl/op/referrals"),
    Screen("referrals-to-tell", "senior.aiyrtau", "/t/aiyrtau/op/referrals"),
    Screen("referrals-none", "operator.shal-aqyn", "/t/shal-aqyn/op/referrals"),
    Screen("card-offered", "operator.petropavl", "/t/petropavl/r/{offered}"),
    Screen("card-referred", "operator.aiyrtau", "/t/aiyrtau/r/{referred}"),
    Screen("card-refused", "operator.aiyrtau", "/t/aiyrtau/r/{refused}"),
    Screen("card-withdrawn", "operator.petropavl", "/t/petropavl/r/{withdrawn}"),
    Screen("card-ended-there", "operator.aiyrtau", "/t/aiyrtau/r/{ended}"),
    Screen("card-taken-over", "operator.petropavl", "/t/petropavl/r/{taken_over}"),
    Screen("callbacks-of-a-referral", "operator.petropavl", "/t/petropavl/op/callbacks"),
)
DIALOGS = (
    ("accept", Screen("dialog-accept", "operator.petropavl", "/t/petropavl/op/referrals")),
    ("refuse", Screen("dialog-refuse", "operator.petropavl", "/t/petropavl/op/referrals")),
    ("withdraw", Screen("dialog-withdraw", "operator.petropavl", "/t/petropavl/r/{offered}")),
    ("refer", Screen("dialog-refer", "operator.petropavl", "/t/petropavl/r/{withdrawn}")),
)


class Between:
    """Both sides of referrals, over JSON."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def offer(self, by: str, to: str, **ticket: Any) -> tuple[dict[str, Any], str]:
        """A ticket, and its referral, which has arrived there."""
        made = await self._api.ticket(by, **ticket)
        sent = {"version": made["version"], "to": to, "reason": REASON}
        referral = await self._api.post(f"operator.{by}", f"/t/{by}/tickets/{made['id']}/refer", sent)

        async def arrived() -> int:
            answer = await self._api.send(f"operator.{to}", "GET", f"/t/{to}/referrals/{referral['id']}")
            return answer.status_code

        await until(arrived, 200, 90)
        return made, str(referral["id"])

    async def say(self, by: str, referral: str, verb: str, said: Mapping[str, Any]) -> Any:
        """A verb of a side."""
        return await self._api.post(f"operator.{by}", f"/t/{by}/referrals/{referral}/{verb}", said)

    async def known(self, at: str, referral: str, state: str) -> None:
        """Wait until a side knows it."""

        async def present() -> str:
            found = await self._api.get(f"operator.{at}", f"/t/{at}/referrals/{referral}")
            return str(found["referral"]["state"])

        await until(present, state, 90)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def referred(api: Api, environment: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """The numbers of tickets whose referrals stand in every state; one offer each way waits for too long."""
    between, taken = Between(api), {"category": "water-no-supply"}
    offered, out = await between.offer(CITY, DISTRICT)
    _, waits = await between.offer(DISTRICT, CITY, priority=1)
    withdrawn, back = await between.offer(CITY, DISTRICT)
    await between.say(CITY, back, "withdraw", {"reason": "Өз қызметіміз барды"})
    refused, no = await between.offer(DISTRICT, CITY)
    await between.say(CITY, no, "refuse", {"reason": "Бұл көше бізде жоқ"})
    gone, yes = await between.offer(DISTRICT, CITY)
    ticket = await between.say(CITY, yes, "accept", taken)
    ended, end = await between.offer(DISTRICT, CITY)
    done = await between.say(CITY, end, "accept", taken)
    for verb in ("accept", "start", "done"):
        done = await api.move("executor.petropavl", CITY, done, verb)
    await confirm(api, done)
    for at, referral, state in ((CITY, back, "withdrawn"), (DISTRICT, no, "refused"), (DISTRICT, yes, "accepted"),
                                (DISTRICT, end, "ended")):  # fmt: skip
        await between.known(at, referral, state)
    owed = await between.offer(DISTRICT, CITY)
    work = await between.say(CITY, owed[1], "accept", taken)
    for verb in ("accept", "start", "done"):
        work = await api.move("executor.petropavl", CITY, work, verb)
    connection = await asyncpg.connect(environment["POSTGRES_DSN"])
    late = "UPDATE dispatch.referral SET sent_at = sent_at - interval '2 hours' WHERE id = ANY($1::uuid[])"
    await connection.execute(late, [out, waits])
    await connection.close()
    yield {
        "offered": offered["reference"], "withdrawn": withdrawn["reference"], "refused": refused["reference"],
        "referred": gone["reference"], "taken_over": ticket["reference"], "ended": ended["reference"],
    }  # fmt: skip


async def confirm(api: Api, ticket: dict[str, Any]) -> None:
    """The applicant of a ticket says that it is done."""
    cursor = ""
    while True:
        found = await api.get("operator.petropavl", f"/t/petropavl/callbacks?limit=100{cursor}")
        owed = [one for one in found["items"] if one["ticket"] == ticket["id"]]
        if owed:
            break
        assert found["next"], "the ticket is owed no call"
        cursor = f"&cursor={found['next']}"
    said = {"outcome": "confirmed", "note": ""}
    await api.post("operator.petropavl", f"/t/petropavl/callbacks/{owed[0]['id']}/attempts", said)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
async def test_a_screen_of_referrals_is_accessible_in_every_language_and_width(
    screen: Screen, browsing: Browsing, referred: dict[str, str], pictures: Path
) -> None:
    faults = await in_every_language_and_width(screen, browsing, referred, pictures)

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("name", "screen"), DIALOGS, ids=[name for name, _ in DIALOGS])
async def test_a_dialog_of_referrals_is_accessible_in_every_language_and_width(
    name: str, screen: Screen, browsing: Browsing, referred: dict[str, str], pictures: Path
) -> None:
    window = await browsing.of(screen.person)
    faults: list[str] = []
    english: set[str] = set()

    for language in LANGUAGES:
        await window.speak(language)
        await window.page.goto(screen.path.format(**referred))
        await settle(window.page)
        opener = window.page.locator(f"[data-opens={name}-dialog]").first
        await opener.focus()
        await window.page.keyboard.press("Enter")
        await expect(window.page.locator(f"#{name}-dialog")).to_be_visible()
        said = await axe.words(window.page)
        english = said if language == "en" else english
        faults += [f"{language}: not translated: {word}" for word in left_in_english(said, english, language)]
        faults += await at_both_widths(window.page, lambda at, of=language: picture(pictures, screen, of, at))

    assert not faults, "\n".join(faults)
    await window.page.keyboard.press("Escape")
    await expect(window.page.locator(f"#{name}-dialog")).to_be_hidden()
    assert await keys.focused(window.page, f"[data-opens={name}-dialog], [data-row], row-list *")
