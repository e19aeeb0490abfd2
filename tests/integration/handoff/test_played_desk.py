"""`hub112-sim` at the running hub: a whole life over all accounts, and a bad desk that stops nobody."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.integration.handoff.parties import MODE, Broker, Talk, send, talk
from tests.integration.handoff.test_wrong_messages import CREATE, FRAME

from hub112.contract import FaultCode

WHOLE = ["receipt", "seen", "accept", "unit", "unit", "unit", "close"]
LIVES = {"prompt": WHOLE, "refuses": ["receipt", "seen", "decline"], "garbage": WHOLE}


@asynccontextmanager
async def playing(behaviour: str) -> AsyncIterator[None]:
    """The command at the drill's consumer of 103, ten times as fast as life."""
    arguments = ("--service", "103", "--behaviour", behaviour, "--mode", MODE, "--pace", "10")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub112.simulator",
        *arguments,
        env=dict(os.environ),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def called(broker: Broker) -> Talk:
    """A 109 hands an emergency over."""
    about = talk(FRAME, 0)
    await send(broker.dispatch, about.subject("handoff"), about.said("109", CREATE))
    return about


@pytest.mark.parametrize("behaviour", LIVES)
async def test_a_played_desk_leads_a_handoff_to_its_end(behaviour: str, broker: Broker) -> None:
    async with playing(behaviour):
        about = await called(broker)
        told = [(await broker.next(about.subject("return")))["kind"] for _ in LIVES[behaviour]]

    assert told == LIVES[behaviour]


async def test_a_bad_desk_is_told_everything_that_is_wrong(broker: Broker) -> None:
    async with playing("garbage"):
        about = await called(broker)
        errors = Counter[int]()
        while sum(errors.values()) < 6:
            answer = await broker.next(about.subject("desk"))
            errors.update([answer["error"]["code"]] if answer["kind"] == "error" else [])

    assert errors == {
        FaultCode.UNRECOGNISED_FORMAT: 1, FaultCode.UNSUPPORTED_VERSION: 1, FaultCode.SENDER_MISMATCH: 1,
        FaultCode.INVALID_MESSAGE: 2, FaultCode.WRONG_SEQUENCE: 1,
    }  # fmt: skip


async def test_a_silent_desk_has_taken_the_message_and_said_nothing(broker: Broker) -> None:
    async with playing("silent"):
        about = await called(broker)
        assert (await broker.next(about.subject("desk")))["kind"] == "create"
        await asyncio.sleep(2)

    heard = [broker.heard.get_nowait() for _ in range(broker.heard.qsize())]
    assert [message.data for message in heard if message.subject == about.subject("return")] == []
