"""“Did not react”: an assignment that nobody accepted in time is recorded by the clock, shown and counted."""

import asyncpg
from playwright.async_api import expect
from tests.acceptance.api import Api
from tests.acceptance.browsing import Browsing
from tests.acceptance.parts import Parts
from tests.acceptance.screens import Card, call
from tests.acceptance.waiting import patience, until

PASSED = """
WITH late AS (UPDATE dispatch.assignment SET react_by = now() - interval '1 minute'
              WHERE tenant_id = 1 AND ticket_id = $1 AND ended_at IS NULL)
UPDATE dispatch.ticket SET react_by = now() - interval '1 minute' WHERE tenant_id = 1 AND id = $1
"""
SILENCES = "SELECT unanswered FROM dispatch.ticket WHERE tenant_id = 1 AND id = $1"


async def test_silence_is_shown_on_card_and_queue_and_counted_once_whatever_happens_to_the_worker(
    browsing: Browsing, api: Api, superuser: asyncpg.Connection, parts: Parts
) -> None:
    said = call()
    first, second = [await api.ticket(text=said.text, phone=said.phone) for _ in range(2)]
    window = await browsing.of("senior.petropavl")
    card = Card(window.page, first["reference"])
    await card.open()
    await expect(card.title).not_to_contain_text("Did not react")

    # The deadline passes while the worker is dead; it is seen when the worker lives again.
    await parts.stop("worker")
    await superuser.execute(PASSED, first["id"])
    await parts.start("worker")
    await expect(card.title).to_contain_text("Did not react ×1", timeout=patience(10) * 1000)
    await expect(card.work).to_contain_text("Did not react")
    await expect(card.steps.first).to_contain_text("by the clock")

    # kill -9: what is recorded stays, nothing is counted twice, and the next silence is seen as well.
    await parts.kill("worker")
    await superuser.execute(PASSED, second["id"])
    await until(lambda: superuser.fetchval(SILENCES, second["id"]), 1)
    assert await superuser.fetchval(SILENCES, first["id"]) == 1

    await window.page.goto(f"/t/petropavl/op/queue?unanswered=1&q={said.token}")
    rows = window.page.locator("#queue [data-row]")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("Did not react")
    assert (await api.get("senior.petropavl", f"/t/petropavl/tickets/{first['id']}"))["unanswered"] == 1
