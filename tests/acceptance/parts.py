"""Takes parts of the stack away and brings them back. Never on a stack that people use."""

import asyncio
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Parts:
    """The parts of the instance that this run of tests stands on."""

    def __init__(self, instance: str) -> None:
        assert instance != "run", "These tests stop parts of the stack: run them by `make test`."
        self._instance = instance

    async def stop(self, name: str) -> None:
        """End a part and leave it ended."""
        await self._ask("part", "stop", name)

    async def start(self, name: str) -> None:
        """Start a part again; returns when it serves."""
        await self._ask("part", "start", name)

    async def restart(self, name: str) -> None:
        """SIGTERM, then start; returns when it serves."""
        await self._ask("part", "restart", name)

    async def kill(self, name: str) -> None:
        """kill -9; the supervisor starts it again."""
        await self._ask("part", "kill", name)

    async def cut(self, account: str) -> None:
        """Take an account's line to the broker away: T_PETROPAVL."""
        await self._ask("account", "expire", account)

    async def mend(self, account: str) -> None:
        """Give it back."""
        await self._ask("account", "renew", account)

    async def _ask(self, *words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "stack109", "--instance", self._instance, *words,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "infra" / "local")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
