"""Keeping a part alive while what it needs comes and goes."""

import asyncio
import sys
from pathlib import Path

import pytest

from stack109.failure import StackFailure
from stack109.keeper import Keeper
from stack109.parts import Part

PROGRAM = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
if not (folder / "needed").exists():
    sys.exit(3)
(folder / "up").touch()
time.sleep(600)
"""


async def healthy(keeper: Keeper) -> None:
    async with asyncio.timeout(60):
        while keeper.state.state != "healthy":  # noqa: ASYNC110 - the state is written by another task
            await asyncio.sleep(0.05)


async def test_a_part_that_runs_and_does_not_serve_is_started_again(tmp_path: Path) -> None:
    needed, up = tmp_path / "needed", tmp_path / "up"
    needed.touch()
    argv = (sys.executable, "-c", PROGRAM, str(tmp_path))
    keeper = Keeper(Part("part", argv, None, tmp_path / "log", up.exists, unwell_seconds=0.5), lambda: None)
    await keeper.start()
    try:
        up.unlink()  # it goes on, and serves no more
        async with asyncio.timeout(60):
            while not keeper.state.restarts:  # noqa: ASYNC110 - the state is written by another task
                await asyncio.sleep(0.05)
        await healthy(keeper)

        assert up.exists()
    finally:
        await keeper.stop()


async def test_a_part_whose_restart_fails_is_started_again_when_what_it_needs_is_back(tmp_path: Path) -> None:
    needed, up = tmp_path / "needed", tmp_path / "up"
    argv = (sys.executable, "-c", PROGRAM, str(tmp_path))
    keeper = Keeper(Part("part", argv, None, tmp_path / "log", up.exists), lambda: None)
    needed.touch()
    await keeper.start()
    try:
        needed.unlink()
        up.unlink()
        with pytest.raises(StackFailure, match="ended with code 3"):
            await keeper.restart()

        needed.touch()
        await healthy(keeper)

        assert keeper.state.restarts >= 1
    finally:
        await keeper.stop()
    assert keeper.state.state == "stopped"
