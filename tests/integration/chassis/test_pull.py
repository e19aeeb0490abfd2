"""What a durable brings comes at once, whatever was asked for before and whatever its headers say."""

import asyncio
import json
import time

import pytest
from nats.js.errors import APIError
from tests.integration.chassis.consuming import SUBJECT, durable, publish

from chassis109.bus.connection import Connections
from chassis109.bus.pull import REQUEST_SECONDS, Pull


async def test_a_message_that_an_older_request_catches_is_not_held_back(connections: Connections) -> None:
    async with durable(connections) as name, Pull.open(connections, "REGION", "FEED", name) as pull:
        older = json.dumps({"batch": 10, "expires": int(REQUEST_SECONDS * 1e9)}).encode()
        client = await connections.get("REGION")
        await client.publish(pull._next, older, f"{pull._inbox}.older")
        coming = asyncio.create_task(pull.messages(10))
        await asyncio.sleep(0.2)

        began = time.monotonic()
        await publish(connections, b"x")

        assert [message.data for message in await coming] == [b"x"]
        assert time.monotonic() - began < REQUEST_SECONDS / 2  # not the whole of a request


async def test_messages_come_in_the_order_of_the_stream_and_no_more_than_there_is_room_for(
    connections: Connections,
) -> None:
    async with durable(connections) as name, Pull.open(connections, "REGION", "FEED", name) as pull:
        for number in range(7):
            await publish(connections, b"%d" % number)
        came = list[bytes]()
        while len(came) < 7:
            batch = await pull.messages(3)
            assert len(batch) <= 3
            came += [message.data for message in batch]
        assert came == [b"%d" % number for number in range(7)]


async def test_a_message_that_calls_itself_a_word_of_the_broker_is_a_message(
    connections: Connections,
) -> None:
    async with durable(connections) as name, Pull.open(connections, "REGION", "FEED", name) as pull:
        client = await connections.get("REGION")
        await client.jetstream().publish(SUBJECT, b"", headers={"Status": "503", "Description": "gone"})

        (message,) = await pull.messages(1)

        assert message.subject == SUBJECT


async def test_a_durable_that_is_not_there_is_an_error_and_no_silence(connections: Connections) -> None:
    async with Pull.open(connections, "REGION", "FEED", "nobody") as pull:
        with pytest.raises(APIError):
            await pull.messages(1)
