"""The power goes while everybody works: what was acknowledged is on the disk.

The stores of PostgreSQL and the broker stand on a file system of their own (tests/prove/faults/disk.py). In the middle
of the load both are killed and the file system is shut down without writing what it still held in memory; its journal
is replayed and both begin again from what they find.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from tests.acceptance.parts import Parts
from tests.bench import desks
from tests.prove import figures
from tests.prove.faults import disk as disks
from tests.prove.faults.client import Client
from tests.prove.faults.disk import STORES, Disk
from tests.prove.faults.ground import Ground
from tests.prove.faults.ledger import Ledger
from tests.prove.faults.machines import Machines
from tests.prove.faults.oracle import Oracle
from tests.prove.faults.traffic import Rates, Traffic
from tests.prove.power.broker import Outcome, cut_broker
from tests.prove.size import SEED, dice, sized

TENANTS = sized(3, 14)
CUTS = sized(1, 4)
LOAD_SECONDS = sized(5, 15)
RATES = Rates(sized(4, 10), sized(1, 2), 0.3)
MESSAGES_SECONDS = sized(2, 5)
SETTLE_SECONDS = 240
DISK_MEGABYTES = 6000
NOT_HERE = "power cuts need root, loop devices and mkfs.ext4: not shown on this machine"


pytestmark = pytest.mark.timeout(sized(900, 1800))


@pytest.fixture(autouse=True)
def only_where_it_can_be() -> None:
    """Said, not passed over."""
    if not disks.possible():
        figures.note("power", NOT_HERE)
        pytest.skip(NOT_HERE)


@pytest_asyncio.fixture(loop_scope="session")
async def bare_disk() -> AsyncIterator[Disk]:
    """A disk for a broker of the test's own."""
    disk = await asyncio.to_thread(Disk, 512)
    yield disk
    await asyncio.to_thread(disk.remove)


async def test_the_cut_shows_what_a_careless_broker_loses(bare_disk: Disk) -> None:
    """Else the next tests would prove nothing: the broker's own default writes to the disk every two minutes."""
    outcome = await cut_broker(bare_disk, "2m", MESSAGES_SECONDS)

    figures.say(
        "power.control_lost", outcome.lost, f"of {outcome.acknowledged} acknowledged", goal="value >= 1"
    )
    assert outcome.lost > 0


async def test_our_broker_loses_nothing_it_acknowledged(bare_disk: Disk) -> None:
    outcome: Outcome = await cut_broker(bare_disk, "always", MESSAGES_SECONDS)

    figures.say(
        "power.broker_lost", outcome.lost, f"of {outcome.acknowledged} acknowledged", goal="value <= 0"
    )
    assert outcome.acknowledged > 10
    assert outcome.lost == 0


async def test_the_whole_stack_keeps_what_it_promised(environment: dict[str, str]) -> None:
    ground, parts = Ground(environment), Parts(environment["DISPATCH109_INSTANCE"])
    ledger = Ledger(f"power-{SEED}-{int(time.time())}", ground.folder / "power" / "ledger.jsonl")
    client, oracle = Client(environment, ledger, dice("power.pauses")), Oracle(environment, ledger)
    slugs = sorted({desk.slug for desk in await desks.desks()})[:TENANTS]
    traffic, over = Traffic(environment, slugs, ledger, client, dice("power.traffic")), asyncio.Event()

    async with AsyncExitStack() as stack:
        disk = await stack.enter_async_context(
            disks.own_disk(ground.folder, DISK_MEGABYTES, lambda verb, name: getattr(parts, verb)(name))
        )
        await stack.enter_async_context(Machines(ground.folder / "power" / "machines"))
        await oracle.note_before()
        await traffic.begin()
        load = asyncio.create_task(traffic.run(RATES, over))
        stack.callback(load.cancel)
        stack.callback(traffic.give_up)
        for _ in range(CUTS):
            await asyncio.sleep(LOAD_SECONDS)
            await _power_fails(ground, parts, disk)
        await asyncio.sleep(LOAD_SECONDS)
        over.set()
        await load
        wrong = await oracle.settled(SETTLE_SECONDS)
        audit = await oracle.audit_findings()
    await client.close()
    ledger.close()

    figures.say("power.cuts", CUTS)
    figures.say("power.promises", ledger.promises(), goal="value >= 20")
    figures.say("power.wrong", sum(wrong.values()), goal="value <= 0")
    assert (wrong, audit, ledger.refused) == ({}, [], [])
    assert ledger.promises() >= 20


async def _power_fails(ground: Ground, parts: Parts, disk: Disk) -> None:
    """Both processes and everything they had in memory are gone at the same moment."""
    ground.send(signal.SIGKILL, *(pid for store in STORES for pid in ground.family(store)))
    disk.cut_power()
    await asyncio.gather(*(parts.stop(store) for store in STORES))
    await asyncio.to_thread(disk.boot)
    await asyncio.gather(*(parts.start(store) for store in STORES))
