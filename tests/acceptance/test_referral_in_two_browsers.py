"""A referral between two districts to the closing callback, one that comes back, one that is taken back, and one that
the region orders. By keyboard, each side live before its own screen.

A row is known by the word that only its ticket has: each tenant numbers its own tickets, so numbers may be equal.
"""

import re
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Locator, Page, expect
from tests import makers
from tests.acceptance import keys
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.screens import REFERENCE, Call, Callbacks, Card, Inbox, call
from tests.acceptance.waiting import until

SOON = {"timeout": 30_000}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "done.jpg"
    path.write_bytes(makers.photo("JPEG", (640, 480)))
    return path


class Referrals:
    """The operators' list of referrals."""

    def __init__(self, page: Page, slug: str) -> None:
        self.page = page
        self.list = page.locator("#referrals")
        self._path = f"/t/{slug}/op/referrals"

    async def open(self) -> None:
        """With its stream."""
        await self.page.goto(self._path)
        await expect(self.page.locator("live-badge")).to_have_attribute("data-state", "live", **SOON)

    def row(self, token: str) -> Locator:
        """The line of a referral; its token stands in the reason."""
        return self.page.locator("#referrals-rows > li", has_text=token)

    async def press(self, token: str, key: str) -> None:
        """A letter on the row of a referral, which has come by itself."""
        await expect(self.row(token)).to_be_visible(**SOON)
        await keys.seek(self.page, token)
        await self.page.keyboard.press(key)


async def registered(api: Api, said: Call) -> str:
    """A call written down in the district where it came in; the desk itself is tested elsewhere."""
    ticket = await api.ticket("esil", text=said.text, address=said.address)
    return str(ticket["reference"])


async def refer(card: Card, reference: str, to: str, reason: str) -> None:
    """From the card, by its letter."""
    await card.page.goto(f"/t/esil/r/{reference}")
    await expect(card.page.locator("live-badge")).to_have_attribute("data-state", "live", **SOON)
    await keys.tab_to(card.page, "#card-acts")
    await card.page.keyboard.press("t")
    dialog = card.page.locator("#refer-dialog")
    await expect(dialog).to_be_visible()
    if not await keys.focused(card.page, "#refer-to"):
        await keys.tab_to(card.page, "#refer-to")
    await card.page.locator("#refer-to").select_option(to)
    await keys.fill(card.page, "#refer-reason", reason)
    await card.page.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()
    await expect(card.page.locator("#card-referrals")).to_contain_text("Waits for their answer", **SOON)


async def accept(there: Referrals, token: str) -> None:
    """Taken over under the category that the other tenant gave it."""
    await there.press(token, "a")
    dialog = there.page.locator("#accept-dialog")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator("#accept-category")).to_have_value("water-no-supply")
    await there.page.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()


async def work(inbox: Inbox, token: str, photo: Path) -> None:
    """Accepted, begun and reported as done by the service."""
    await inbox.open()
    await inbox.press(token, "a")
    await expect(inbox.row(token)).to_have_count(0)
    await inbox.turn_to("accepted")
    await inbox.press(token, "s")
    await expect(inbox.row(token)).to_have_count(0)
    await inbox.turn_to("in_progress")
    await inbox.finish(token, "Құбыр ауыстырылды", photo)


async def test_a_ticket_goes_to_another_district_and_its_end_comes_back(
    browsing: Browsing, api: Api, photo: Path
) -> None:
    here, there = (await browsing.of("operator.esil")).page, (await browsing.of("operator.aqzhar")).page
    at_there = Referrals(there, "aqzhar")
    await at_there.open()
    said = call()
    reference = await registered(api, said)

    # Offered from the card: it appears before the other district by itself, with the person to whom it belongs.
    card = Card(here, reference, "esil")
    await refer(card, reference, "aqzhar", f"Бұл үй сіздің ауданда, {said.token}")
    row = at_there.row(said.token)
    await expect(row).to_contain_text(said.text, **SOON)
    await expect(row).to_contain_text(reference)
    await expect(row).to_contain_text("Айгүл Сәрсенова")
    await expect(there.locator(".nav-count[hx-get$='/referrals/count'] .count")).not_to_be_empty()
    await accept(at_there, said.token)

    # The sender's card tells it without being read again: the duty is gone, the applicant must be told.
    await expect(card.title).to_contain_text("Referred", **SOON)
    referral = here.locator("#card-referrals")
    await expect(referral).to_contain_text("Phone the applicant")
    number = REFERENCE.findall(await referral.inner_text())[0]
    at_here = Referrals(here, "esil")
    await at_here.open()
    mine = at_here.row(said.token)
    await expect(mine.locator(".say")).to_contain_text(number)
    await expect(mine.locator("a.phone")).to_be_visible()
    await at_here.press(said.token, "c")
    await expect(mine.locator(".say")).to_have_count(0, **SOON)
    await expect(mine).to_contain_text("The applicant was told")

    # Who knows only the old number finds it in the other district; its service works, its operator phones.
    await there.goto(f"/t/aqzhar/op/queue?q={reference}")
    await expect(there.locator("#queue")).to_contain_text(number)
    await work(Inbox((await browsing.of("executor.aqzhar")).page, "aqzhar"), said.token, photo)
    callbacks = Callbacks(there, "aqzhar")
    await callbacks.open()
    await keys.seek(there, said.token)
    await expect(there.locator("[data-row]", has_text=said.token).locator(".say")).to_contain_text(reference)
    await there.keyboard.press("c")
    await expect(callbacks.toasts).to_contain_text(number)

    # The end is known where it began.
    await expect(mine).to_contain_text("Ended there", **SOON)
    await expect(mine).to_contain_text("The applicant confirmed")
    origin = Card(there, number, "aqzhar")
    await origin.open()
    await expect(there.locator("#card-referrals")).to_contain_text(reference)
    await expect(origin.title).to_contain_text("Closed")


async def test_a_referral_that_is_not_taken_comes_back_with_its_reason(browsing: Browsing, api: Api) -> None:
    here, there = (await browsing.of("operator.esil")).page, (await browsing.of("operator.aqzhar")).page
    at_there = Referrals(there, "aqzhar")
    await at_there.open()
    said = call()
    reference = await registered(api, said)
    card = Card(here, reference, "esil")
    await refer(card, reference, "aqzhar", f"Бұл үй сіздің ауданда, {said.token}")

    await at_there.press(said.token, "n")
    dialog = there.locator("#refuse-dialog")
    await expect(dialog).to_be_visible()
    if not await keys.focused(there, "#refuse-reason"):
        await keys.tab_to(there, "#refuse-reason")
    await there.keyboard.type(f"Бұл көше бізде жоқ, {said.token}")
    await there.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()

    await expect(card.page.locator("#card-referrals")).to_contain_text(f"бізде жоқ, {said.token}", **SOON)
    await expect(card.title).to_contain_text("Assigned")
    await expect(card.page.locator("#card-acts")).to_contain_text("Refer to another tenant")
    await expect(at_there.row(said.token).locator(".say, a.phone")).to_have_count(0)


async def test_an_offer_that_is_taken_back_leaves_the_other_side_and_is_free_again(
    browsing: Browsing, api: Api
) -> None:
    here, there = (await browsing.of("operator.esil")).page, (await browsing.of("operator.aqzhar")).page
    at_there = Referrals(there, "aqzhar")
    await at_there.open()
    said = call()
    reference = await registered(api, said)
    card = Card(here, reference, "esil")
    await refer(card, reference, "aqzhar", f"Бұл үй сіздің ауданда, {said.token}")
    await expect(at_there.row(said.token)).to_contain_text("Offered to us", **SOON)

    await keys.tab_to(here, "#card-acts")
    await here.keyboard.press("w")
    dialog = here.locator("#withdraw-dialog")
    await expect(dialog).to_be_visible()
    if not await keys.focused(here, "#withdraw-reason"):
        await keys.tab_to(here, "#withdraw-reason")
    await here.keyboard.type("Өз қызметіміз барды")
    await here.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()

    await expect(at_there.row(said.token)).to_contain_text("Taken back", **SOON)
    await expect(at_there.row(said.token)).to_contain_text("Өз қызметіміз барды")
    await expect(at_there.row(said.token).locator("button, a.phone")).to_have_count(0)
    await expect(here.locator("#card-referrals")).to_contain_text("Taken back", **SOON)
    await expect(here.locator("#card-acts")).to_contain_text("Refer to another tenant", **SOON)


async def test_the_region_orders_a_referral_and_it_is_sent_under_its_name(
    browsing: Browsing,
    api: Api,
    at_region: Browsing,
    superuser: asyncpg.Connection,
    region_superuser: asyncpg.Connection,
) -> None:
    there = (await browsing.of("operator.aqzhar")).page
    at_there = Referrals(there, "aqzhar")
    await at_there.open()
    said = call()
    reference = await registered(api, said)
    ticket = await superuser.fetchval("SELECT id FROM dispatch.ticket WHERE text = $1", said.text)
    region = (await at_region.of("region.command")).page
    known = "SELECT count(*) FROM region.ticket WHERE id = $1"
    await until(lambda: region_superuser.fetchval(known, ticket), 1, 60)
    await region.goto(f"/rc/territories/esil/tickets/{ticket}")
    await region.keyboard.press("Alt+n")
    await expect(region.locator("#new-title")).to_be_visible()
    await region.locator("#kind").select_option("refer")
    await region.locator("#to").select_option("aqzhar")
    await keys.fill(region, "#reason", f"Үй екі ауданның шекарасында {said.token}")
    await region.keyboard.press("Control+Enter")
    await expect(region.locator("#mandates-title")).to_be_visible()
    ordered = region.locator("#answered tbody tr", has_text=said.token)
    await expect(ordered.locator("td[data-state='executed']")).to_be_visible(**SOON)

    await expect(at_there.row(said.token)).to_contain_text("ordered by the region", **SOON)
    await accept(at_there, said.token)

    # A second order finds it gone, and says so in words.
    card = Card((await browsing.of("operator.esil")).page, reference, "esil")
    await card.open()
    await expect(card.title).to_contain_text(re.compile("Referred"), **SOON)
    await region.goto(f"/rc/territories/esil/tickets/{ticket}")
    await region.keyboard.press("Alt+n")
    await region.locator("#kind").select_option("escalate")
    await keys.fill(region, "#reason", f"Тағы {said.token}")
    await region.keyboard.press("Control+Enter")
    refused = region.locator("#answered tbody tr", has_text=f"Тағы {said.token}")
    await expect(refused).to_contain_text("The ticket has ended", **SOON)
