"""Doing harm, and taking it back: each kind of fault against its target."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from tests.prove.faults import clocks, wires
from tests.prove.faults.disk import Disk
from tests.prove.faults.ground import Ground
from tests.prove.faults.machines import Machines
from tests.prove.faults.schedule import MACHINES, Fault

from stack109.setup_debian import faketime

ROOT = Path(__file__).parents[3]
MOST_AT_ONCE = 3
CLOCK_PATIENCE = 20.0


class Injury:
    """What this machine lets us do stands in `kinds` after `look`; the rest is said, not passed over."""

    def __init__(self, ground: Ground, machines: Machines, disk: Disk | None) -> None:
        self._ground, self._machines, self._disk = ground, machines, disk
        self._gate = asyncio.Semaphore(MOST_AT_ONCE)
        self._busy: dict[str, asyncio.Lock] = {}
        self.kinds = {"kill", "kill-child", "freeze", "restart", "expire", "terminate"}
        self.not_here: list[str] = []
        self.failed: list[str] = []

    async def look(self) -> None:
        """Find out what is possible here."""
        for kind, possible, why in (
            ("cut", await wires.can_cut(), "resetting connections needs root and ss"),
            ("swallow", await wires.can_swallow(), "black holes need root and tc with BPF"),
            (
                "fill",
                self._disk is not None,
                "no disk is filled up: at full size, with root and loop devices",
            ),
            ("ahead", *_clocks()),
            ("behind", *_clocks()),
        ):
            if possible:
                self.kinds.add(kind)
            else:
                self.not_here.append(why)

    async def befall(self, fault: Fault) -> None:
        """One fault, from its beginning to its end; two never meet at one part."""
        how: dict[str, Callable[[Fault], Awaitable[None]]] = {
            "kill": self._kill, "kill-child": self._kill_child, "freeze": self._freeze, "restart": self._restart,
            "cut": self._cut, "swallow": self._swallow, "expire": self._expire, "terminate": self._terminate,
            "fill": self._fill, "ahead": self._ahead, "behind": self._behind,
        }  # fmt: skip
        async with self._gate, self._busy.setdefault(fault.target, asyncio.Lock()):
            await how[fault.kind](fault)

    async def _kill(self, fault: Fault) -> None:
        if fault.target == MACHINES:
            self._machines.send(signal.SIGKILL)
        else:
            self._ground.send(signal.SIGKILL, *self._ground.family(fault.target)[:1])

    async def _kill_child(self, fault: Fault) -> None:
        self._ground.send(signal.SIGKILL, *self._ground.family(fault.target)[1:])

    async def _freeze(self, fault: Fault) -> None:
        if fault.target == MACHINES:
            self._machines.send(signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            self._machines.send(signal.SIGCONT)
            return
        family = self._ground.family(fault.target)
        self._ground.send(signal.SIGSTOP, *family)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            self._ground.send(signal.SIGCONT, *family)

    async def _restart(self, fault: Fault) -> None:
        """As an operator does. What it needs may be away: then the supervisor goes on trying."""
        said = await self._stack("part", "restart", fault.target)
        if said:
            self.failed.append(f"{fault}: {said}")

    async def _cut(self, fault: Fault) -> None:
        await wires.cut(self._ground.port(fault.target))

    async def _swallow(self, fault: Fault) -> None:
        await wires.swallow(self._ground.port(fault.target), fault.seconds)

    async def _expire(self, fault: Fault) -> None:
        await self._stack("account", "expire", fault.target)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            await self._stack("account", "renew", fault.target)

    async def _terminate(self, fault: Fault) -> None:
        """The administrator ends every session of a database."""
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
        try:
            connection = await asyncpg.connect(self._ground.environment["POSTGRES_DSN"], timeout=5)
            try:
                await connection.execute(sql.replace("$1", f"'{fault.target}'"))
            finally:
                connection.terminate()
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return  # it is away already

    async def _fill(self, fault: Fault) -> None:
        assert self._disk
        self._disk.fill()
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            self._disk.free()

    async def _ahead(self, fault: Fault) -> None:
        await self._clock(fault, 1)

    async def _behind(self, fault: Fault) -> None:
        await self._clock(fault, -1)

    async def _clock(self, fault: Fault, hours: int) -> None:
        """Another process stands in for the part and is wrong about the hour from its start on; halfway its clock jumps
        to the other side."""
        try:
            program = clocks.Program.of(self._ground.pid(fault.target) or 0)
        except OSError:  # it is away already
            self.failed.append(f"{fault}: it was not there")
            return
        hour = self._ground.folder / f"hour-{fault.target}"
        clocks.jump(hour, hours)
        await self._stack("part", "stop", fault.target)
        try:
            wrong = await program.start(hour)
            try:
                if not await self._ground.answers(fault.target, CLOCK_PATIENCE):
                    self.failed.append(f"{fault}: did not serve")
                await asyncio.sleep(fault.seconds / 2)
                clocks.jump(hour, -hours)
                await asyncio.sleep(fault.seconds / 2 + clocks.SEEN_AFTER_SECONDS)
            finally:
                await clocks.end(wrong)
        finally:
            await self._stack("part", "start", fault.target)

    async def _stack(self, *words: str) -> str:
        """What a command of the stack complains of; empty when it did its work."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stack109", "--instance", self._ground.environment["DISPATCH109_INSTANCE"], *words,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "infra" / "local")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return "" if process.returncode == 0 else said.decode().strip().splitlines()[0]


def _clocks() -> tuple[bool, str]:
    return faketime() is not None, "clocks jump with Debian's package libfaketime only"
