"""The worker notes at once that handoffs have reached the hub, and nothing for other messages."""

import asyncio

from dispatch109.worker import Arrivals

HANDOFF = "sko.live.handoff.103.petropavl.01a2057f-3480-72b1-b212-117f217ad1ec"


async def test_only_a_handoff_wakes_the_note() -> None:
    arrivals = Arrivals()
    noting = asyncio.create_task(arrivals.note())
    for other in ("sko.feed.petropavl.handoff", "sko.feed.petropavl.ticket"):
        arrivals.add(1, other)
    done, _ = await asyncio.wait([noting], timeout=0.05)
    assert not done
    noting.cancel()


async def test_a_handoff_is_noted_while_other_messages_wait() -> None:
    arrivals = Arrivals()
    arrivals.add(1, HANDOFF)

    noting = asyncio.create_task(arrivals.note())
    done, _ = await asyncio.wait([noting], timeout=1)

    assert done  # it went on to ask the database: none is open here, unless another test left one
    noting.exception()
