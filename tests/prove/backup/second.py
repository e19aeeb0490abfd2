"""The instance that is restored, beside the one the tests stand on, and the commands of both."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from stack109.environment import Stack
from stack109.instance import Instance
from stack109.ports import free_instance

ROOT = Path(__file__).parents[3]
FIRST = os.environ.get("DISPATCH109_INSTANCE", "test")
SECOND = "restored"
MOST_SECONDS = 900


async def command(*words: str, instance: str, base: int | None = None) -> tuple[int, str]:
    """A command of the stack: its exit code and what it said."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "infra" / "local")}
    if base is not None:
        environment["DISPATCH109_PORT_BASE"] = str(base)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stack109", "--instance", instance, *words,
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), MOST_SECONDS)
    return process.returncode or 0, said.decode()


async def must(*words: str, instance: str, base: int | None = None) -> str:
    """The same, which has to succeed."""
    code, said = await command(*words, instance=instance, base=base)
    assert code == 0, said
    return said


def place() -> Instance:
    """The second instance on ports that nobody has."""
    return free_instance(Instance(ROOT, SECOND))


def variables(instance: Instance) -> Mapping[str, str]:
    """What a program of the second instance gets."""
    return {**os.environ, **Stack(instance).variables()}


def audit(instance: Instance) -> "subprocess.CompletedProcess[str]":
    """The chain of every tenant, walked by the command that an auditor uses."""
    return subprocess.run(
        [str(instance.python), "-m", "chassis109.store.audit", "verify"],
        env=variables(instance), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
