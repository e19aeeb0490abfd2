"""What is no fact, said through real accounts: refused in sight and counted, and the others pass."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest_asyncio
from nats.aio.client import Client
from nats.js.errors import NoStreamResponseError
from playwright.async_api import Page, expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.waiting import until

from chassis109.bus.connection import read_credentials

COMMAND, SUBJECT = "region.command", "sko.feed.esil.ticket"
KNOWN = "SELECT version FROM region.ticket WHERE id = $1::uuid"
MESSAGES = "SELECT count(*) FROM region.refused"
SECONDS = 5


@dataclass
class Voices:
    """Accounts of the broker that the stack itself uses, and what the broker complains about to them."""

    url: str
    credentials: Path
    clients: list[Client]
    complaints: list[str]

    async def of(self, account: str) -> Client:
        """A connection of an account."""
        login = read_credentials(self.credentials)[account]

        async def complained(error: Exception) -> None:
            self.complaints.append(str(error).lower())

        client = await nats.connect(self.url, user=login.user, password=login.password, error_cb=complained)
        self.clients.append(client)
        return client


@pytest_asyncio.fixture(loop_scope="session")
async def voices(environment: dict[str, str]) -> AsyncIterator[Voices]:
    """Whoever wants to lie."""
    opened = Voices(environment["NATS_URL"], Path(environment["NATS_CREDENTIALS"]), [], [])
    yield opened
    for client in opened.clients:
        await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def told(
    api: Api, voices: Voices, region_superuser: asyncpg.Connection
) -> tuple[dict[str, Any], bytes]:
    """A ticket of Esil at its second state, and the fact that its first one was."""
    ticket = await api.ticket("esil")
    await api.move("executor.esil", "esil", ticket, "accept")
    await until(lambda: region_superuser.fetchval(KNOWN, ticket["id"]), ticket["version"] + 1, 60)
    stream = (await voices.of("REGION")).jetstream()
    last = (await stream.stream_info("FEED")).state.last_seq
    for seq in range(last, max(0, last - 500), -1):
        message = await stream.get_msg("FEED", seq)
        if message.subject == SUBJECT and ticket["id"].encode() in message.data:
            return ticket, message.data
    raise AssertionError("the stream does not hold the ticket")


async def counts(page: Page) -> dict[tuple[str, str], int]:
    """The table of counts: whose, why, and how many."""
    await page.goto("/rc/refused")
    rows = await page.locator("[aria-label=Counts] tbody tr").all()
    cells = [await row.locator("td").all_inner_texts() for row in rows]
    return {(cell[0].strip(), cell[1].strip()): int("".join(filter(str.isdigit, cell[2]))) for cell in cells}


async def test_whatever_is_no_fact_is_refused_in_sight_and_counted_and_the_others_pass(
    api: Api,
    at_region: Browsing,
    voices: Voices,
    told: tuple[dict[str, Any], bytes],
    region_superuser: asyncpg.Connection,
) -> None:
    ticket, fact = told
    newer = fact.replace(b'"version":3', b'"version":9')
    assert newer != fact
    lies = {
        "No valid JSON": (SUBJECT, fact[:-1]),
        "Older than what is known": (SUBJECT, fact.replace(b'"version":3', b'"version":1')),
        "A category that the registry does not know": (
            SUBJECT, newer.replace(b'"water-no-supply"', b'"witchcraft"'),
        ),
        "In the name of another tenant": (SUBJECT, newer.replace(b'"tenant":"esil"', b'"tenant":"aqzhar"')),
        "Against the contract: a field is missing, wrong or unknown": (
            SUBJECT, newer.replace(b'"reference"', b'"phone":"87051234567","reference"', 1),
        ),
        "The subject is none of the feed": ("sko.feed.esil.person", fact),
    }  # fmt: skip
    page = (await at_region.of(COMMAND)).page
    before = await counts(page)

    esil, region = (await voices.of("T_ESIL")).jetstream(), (await voices.of("REGION")).jetstream()
    places = {why: (await esil.publish(*lie)).seq for why, lie in lies.items()}
    # Nobody but the region's own account can even say this.
    nobodys = (await region.publish("sko.feed.atlantis.ticket", fact)).seq
    passing = await api.ticket("esil")

    await until(lambda: region_superuser.fetchval(KNOWN, passing["id"]), passing["version"], 60)
    assert await region_superuser.fetchval(KNOWN, ticket["id"]) == ticket["version"] + 1
    after = await counts(page)
    grown = {(whose, why): n - before.get((whose, why), 0) for (whose, why), n in after.items()}
    for why, seq in places.items():
        row = page.locator(f"#r-FEED-{seq}")
        await expect(row).to_contain_text(why)
        await expect(row).to_contain_text("Esil")
        await expect(row).not_to_contain_text("witchcraft")
        assert sum(n for (whose, said), n in grown.items() if said == why and "Esil" in whose) == 1, why
    await expect(page.locator(f"#r-FEED-{nobodys}")).to_contain_text("Nobody of that name may speak here")


async def test_a_fact_under_another_tenants_subject_does_not_even_reach_the_stream(
    voices: Voices, told: tuple[dict[str, Any], bytes], region_superuser: asyncpg.Connection
) -> None:
    ticket, fact = told
    forged = fact.replace(b'"version":3', b'"version":9').replace(b'"tenant":"esil"', b'"tenant":"aqzhar"')
    esil, refused = await voices.of("T_ESIL"), await region_superuser.fetchval(MESSAGES)

    with suppress(NoStreamResponseError, TimeoutError):
        await esil.jetstream().publish("sko.feed.aqzhar.ticket", forged, timeout=SECONDS)
        raise AssertionError("the stream has taken it")

    async def forbidden() -> bool:
        return any(
            'permissions violation for publish to "sko.feed.aqzhar.ticket"' in c for c in voices.complaints
        )

    await until(forbidden, wanted=True)
    await asyncio.sleep(1)
    assert await region_superuser.fetchval(MESSAGES) == refused
    known = "SELECT count(*) FROM region.ticket WHERE id = $1::uuid AND territory = 3"
    assert await region_superuser.fetchval(known, ticket["id"]) == 0
