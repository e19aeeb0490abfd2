"""Every part killed, stopped, cut off, filled up, under the load of a working day: all that was promised is kept.

The faults and their order are drawn from the seed; at which moment of the load each comes is the machine's chance.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.acceptance.parts import Parts
from tests.bench import desks
from tests.prove import figures
from tests.prove.faults import disk as disks
from tests.prove.faults import schedule
from tests.prove.faults.client import Client
from tests.prove.faults.ground import SERVICES, Ground
from tests.prove.faults.injury import Injury
from tests.prove.faults.ledger import Ledger
from tests.prove.faults.machines import Machines
from tests.prove.faults.oracle import Oracle
from tests.prove.faults.traffic import MODE, Rates, Traffic
from tests.prove.size import FULL, SEED, dice, sized

TENANTS = sized(3, 14)
FAULTS = sized(12, 310)
EVERY_SECONDS = 2.5 if FULL else 2.0
MOST_SECONDS = sized(60, 960)
LONGEST = float(sized(3, 30))
RATES = Rates(10, 2, 0.5) if FULL else Rates(3, 1, 0.3)
WARM_SECONDS = sized(3, 45)
HEALTHY_SECONDS = 10.0
JAVA_SECONDS = 90.0
"""Keycloak is a Java server and starts as long as it starts; whoever holds a token works on meanwhile."""
SETTLE_SECONDS = 240
"""Only as long as it takes; a machine that is busy with other things takes longer."""
DISK_MEGABYTES = 6000
MOST_GROWTH = 1.2
PLANT = """
INSERT INTO chassis.quarantine (tenant_id, source, message_id, subject, payload, error, attempts, at)
VALUES (1, 'planted', $1, $2, '', 'planted', 1, now())
"""

pytestmark = pytest.mark.timeout(sized(900, 3000))


class Run:
    """One run: its load, its faults, and what they came to."""

    def __init__(self, environment: dict[str, str], slugs: list[str]) -> None:
        self.ground = Ground(environment)
        folder = self.ground.folder / "faults"
        self.ledger = Ledger(f"faults-{SEED}-{int(time.time())}", folder / "ledger.jsonl")
        self.client = Client(environment, self.ledger, dice("faults.pauses"))
        self.traffic = Traffic(environment, slugs, self.ledger, self.client, dice("faults.traffic"))
        self.oracle = Oracle(environment, self.ledger)
        self.machines = Machines(folder / "machines")
        self.befallen = list[schedule.Fault]()
        self.before, self.after = dict[str, float](), dict[str, float]()
        self.recovered = dict[str, float]()

    async def go(self, parts: Parts) -> None:
        """Load, faults, health; the load ends when everybody has his answer."""
        async with AsyncExitStack() as stack:
            disk = (
                await stack.enter_async_context(_disk(self.ground, parts))
                if FULL and disks.possible()
                else None
            )
            await stack.enter_async_context(self.machines)
            await self.oracle.note_before()
            await self.traffic.begin()
            over = asyncio.Event()
            load = asyncio.create_task(self.traffic.run(RATES, over))
            stack.callback(load.cancel)
            stack.callback(self.traffic.give_up)
            await asyncio.sleep(WARM_SECONDS)
            self.before = self.ground.memory()
            await self._break(Injury(self.ground, self.machines, disk))
            self.recovered = await self.ground.all_serve(JAVA_SECONDS)
            await asyncio.sleep(WARM_SECONDS / 2)
            self.after = self.ground.memory()
            over.set()
            await load
            self.wrong = await self.oracle.settled(SETTLE_SECONDS)
            self.audit = await self.oracle.audit_findings()

    async def _break(self, injury: Injury) -> None:
        await injury.look()
        planned = schedule.drawn(FAULTS, injury.kinds, LONGEST, dice("faults.schedule"))
        begun, underway = time.monotonic(), list[asyncio.Task[None]]()
        for number, fault in enumerate(planned):
            await asyncio.sleep(max(0.0, begun + number * EVERY_SECONDS - time.monotonic()))
            if time.monotonic() - begun > MOST_SECONDS:
                break
            print(f"  {time.monotonic() - begun:6.1f} s  {number + 1}/{len(planned)} {fault}", flush=True)  # noqa: T201
            underway.append(asyncio.create_task(injury.befall(fault)))
            self.befallen.append(fault)
        await asyncio.gather(*underway)
        for why in (*injury.not_here, *injury.failed):
            figures.note("faults", why)


def _disk(ground: Ground, parts: Parts) -> "AsyncIterator[disks.Disk]":
    return disks.own_disk(ground.folder, DISK_MEGABYTES, lambda verb, name: getattr(parts, verb)(name))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def run(environment: dict[str, str]) -> AsyncIterator[Run]:
    """The run all tests of this file look at; it is had once."""
    slugs = sorted({desk.slug for desk in await desks.desks()})[:TENANTS]
    made = Run(environment, slugs)
    try:
        await made.go(Parts(environment["DISPATCH109_INSTANCE"]))
        yield made
    finally:
        await made.client.close()
        made.ledger.close()


async def test_every_part_was_hit_and_the_load_went_on(run: Run) -> None:
    hit = {fault.target for fault in run.befallen}
    figures.say("faults.befallen", len(run.befallen), goal=f"value >= {300 if FULL else 10}")
    figures.say("faults.kinds", len({fault.kind for fault in run.befallen}))
    figures.say("faults.promises", run.ledger.promises(), goal="value >= 100" if FULL else "value >= 10")
    for name, count in (
        ("tickets", len(run.ledger.tickets)), ("moves", len(run.ledger.moves)), ("handoffs", len(run.ledger.handoffs)),
        ("mandates", len(run.ledger.mandates)), ("held_back", run.traffic.held_back),
    ):  # fmt: skip
        figures.say(f"faults.{name}", count)
    figures.note("faults", "answers: " + ", ".join(f"{k} {n}" for k, n in run.ledger.statuses.most_common()))
    assert len(run.befallen) >= (300 if FULL else 10)
    assert not FULL or hit >= {*SERVICES, "postgres", "nats", "keycloak", "machines"}
    assert run.ledger.tickets
    assert run.ledger.handoffs


async def test_everything_that_was_promised_is_there_once_and_in_order(run: Run) -> None:
    figures.say("faults.wrong", sum(run.wrong.values()), goal="value <= 0")
    figures.say("faults.words_after_the_close", run.oracle.late)
    assert run.wrong == {}


async def test_what_is_put_aside_is_seen_unless_it_is_about_a_handoff_of_others(run: Run) -> None:
    """Else the test above would prove nothing."""
    planted = (
        f"sko.{MODE}.return.aiyrtau.103.{next(iter(run.ledger.handoffs))}", "sko.mandate.aiyrtau",
        f"sko.{MODE}.return.aiyrtau.103.{uuid4()}",
    )  # fmt: skip
    connection = await asyncpg.connect(run.ground.environment["POSTGRES_DSN"])
    try:
        await connection.executemany(PLANT, [(uuid4(), subject) for subject in planted])
        found = await run.oracle.wrongs()
        await connection.execute("DELETE FROM chassis.quarantine WHERE source = 'planted'")
    finally:
        await connection.close()

    assert found["put_aside.dispatch"] == run.wrong.get("put_aside.dispatch", 0) + 2


async def test_nobody_was_refused_or_left_without_an_answer(run: Run) -> None:
    figures.say("faults.refused", len(run.ledger.refused), goal="value <= 0")
    figures.say("faults.unanswered", run.ledger.unanswered, goal="value <= 0")
    assert run.ledger.refused == []
    assert run.ledger.unanswered == 0


async def test_the_audit_chain_of_every_service_is_unbroken(run: Run) -> None:
    figures.say("faults.audit_findings", len(run.audit), goal="value <= 0")
    assert run.audit == []


async def test_soon_after_the_last_fault_every_part_is_well(run: Run) -> None:
    java = run.recovered.pop("keycloak", None)
    figures.say(
        "faults.healthy_after", max(run.recovered.values()), "s", goal=f"value <= {HEALTHY_SECONDS:g}"
    )
    figures.say("faults.keycloak_healthy_after", java if java is not None else JAVA_SECONDS, "s")
    assert java is not None
    assert run.recovered.keys() == {*SERVICES, "postgres", "nats"}
    assert not FULL or max(run.recovered.values()) <= HEALTHY_SECONDS


async def test_no_part_has_grown(run: Run) -> None:
    grown = {part: run.after[part] / held for part, held in run.before.items() if held}
    for part, ratio in grown.items():
        figures.say(f"faults.memory.{part}", ratio, f"x of {run.before[part]:.0f} MB")
    assert not FULL or {part: f"{grown[part]:.2f}" for part in SERVICES if grown[part] > MOST_GROWTH} == {}
