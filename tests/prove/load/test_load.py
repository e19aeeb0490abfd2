"""A busy day: tickets from all tenants, all consoles open; then as many as this machine takes."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.bench import desks, processes
from tests.prove import figures
from tests.prove.load.calls import Calls
from tests.prove.load.consoles import Consoles, open_consoles
from tests.prove.size import FULL, sized

RATE, SECONDS = sized(4, 20), int(os.environ.get("LOAD_SECONDS") or sized(10, 600))
CONSOLES, ROLES = sized(28, 300), sized(1, 4)
STEP_SECONDS, STEPS, STEP = sized(5, 15), sized(1, 12), 1.25
SCREEN_SECONDS = 1.0
TENANTS = 14
pytestmark = pytest.mark.timeout(sized(600, 2400))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def slugs() -> list[str]:
    """All tenants."""
    return sorted({desk.slug for desk in await desks.desks()})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def consoles(slugs: list[str]) -> AsyncIterator[Consoles]:
    """Open during the whole suite."""
    async with open_consoles(slugs, CONSOLES, ROLES) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def calls(slugs: list[str], consoles: Consoles) -> AsyncIterator[Calls]:
    """Who takes them."""
    made = Calls(slugs, consoles)
    yield made
    await made.close()


async def test_every_open_console_is_told_of_every_ticket_within_a_second(
    slugs: list[str], consoles: Consoles, calls: Calls
) -> None:
    pids = processes.parts(Path(os.environ["DISPATCH109_LOCAL"]))
    before, begun = {name: processes.cpu_seconds(pid) for name, pid in pids.items()}, time.monotonic()

    seen = await calls.at(RATE, SECONDS)

    took = time.monotonic() - begun
    figures.say("load.tenants", len(slugs), goal=f"value >= {TENANTS}")
    figures.say("load.consoles", consoles.ready, goal=f"value >= {CONSOLES}")
    figures.say("load.rate", seen.asked / SECONDS, "tickets/s")
    figures.say("load.errors", len(seen.errors), goal="value <= 0")
    figures.say("load.unseen", seen.unseen, goal="value <= 0")
    figures.say("load.answer_p99", seen.answer_p99 * 1000, "ms")
    figures.say("load.screen_p99", seen.screen_p99 * 1000, "ms", goal="value <= 1000" if FULL else "")
    pids.pop("supervisor")  # its processor time counts that of its parts
    for name, pid in pids.items():
        used = processes.cpu_seconds(pid) - before[name]
        figures.say(f"load.cpu.{name}", used / took * 100, "% of a core")
        memory = sum(processes.memory_mb(member)[0] for member in processes.family(pid))
        figures.say(f"load.memory.{name}", memory, "MB")
    assert seen.errors == []
    assert seen.unseen == 0
    assert consoles.broken == 0
    assert not FULL or seen.screen_p99 < SCREEN_SECONDS


async def test_how_many_tickets_this_machine_takes(calls: Calls) -> None:
    rate, held = float(RATE), 0.0
    for _ in range(STEPS):
        seen = await calls.at(rate, STEP_SECONDS)
        said = f"{rate:.0f}/s: screen p99 {seen.screen_p99 * 1000:.0f} ms, answer p99 {seen.answer_p99 * 1000:.0f} ms"
        figures.note("load", f"{said}, errors {len(seen.errors)}, not told {seen.unseen}")
        print(f"  {said}", flush=True)  # noqa: T201 - a long run shows that it lives
        if not seen.holds:
            break
        rate, held = rate * STEP, rate
    figures.say("load.knee", held, "tickets/s", goal=f"value >= {RATE}" if FULL else "")
    assert not FULL or held >= RATE
