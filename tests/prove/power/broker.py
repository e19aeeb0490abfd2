"""A broker of the test's own on a disk that loses power while it acknowledges."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nats
from nats.errors import Error
from tests.prove.faults.disk import Disk

SERVER = Path(sys.executable).with_name("nats-server")
PUBLISHERS = 8
UP_SECONDS = 20


@dataclass(frozen=True)
class Outcome:
    """What the stream had acknowledged, and how much of it was not there any more."""

    acknowledged: int
    lost: int


async def cut_broker(disk: Disk, sync_interval: str, seconds: float) -> Outcome:
    """Publish with acknowledgements, cut the power, look."""
    port, store = _free_port(), disk.root / f"store-{sync_interval}"
    config = f'port: {port}\nhost: "127.0.0.1"\njetstream {{ store_dir: "{store}", sync_interval: {sync_interval} }}\n'
    place = disk.root.parent / "nats.conf"
    place.write_text(config)
    server, acknowledged = await _started(place, port), set[bytes]()
    client = await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    # The stream itself is to be there afterwards, whatever becomes of its messages.
    os.sync()

    async def publish(who: int) -> None:
        number = 0
        while True:
            said = b"%d.%d" % (who, number)
            await stream.publish("s", said)
            acknowledged.add(said)
            number += 1

    publishing = [asyncio.create_task(publish(who)) for who in range(PUBLISHERS)]
    await asyncio.sleep(seconds)
    os.kill(server.pid, signal.SIGKILL)
    disk.cut_power()
    await _ended(publishing, client)
    await server.wait()
    disk.boot()
    found = await _found(place, port)
    return Outcome(len(acknowledged), len(acknowledged - found))


async def _ended(publishing: list["asyncio.Task[None]"], client: nats.NATS) -> None:
    for task in publishing:
        task.cancel()
    await asyncio.gather(*publishing, return_exceptions=True)
    with suppress(Error, OSError):
        await client.close()


async def _found(place: Path, port: int) -> set[bytes]:
    server = await _started(place, port)
    client = await nats.connect(f"nats://127.0.0.1:{port}", allow_reconnect=False)
    try:
        stream = client.jetstream()
        subscription = await stream.subscribe("s", ordered_consumer=True)
        found = set[bytes]()
        last = (await stream.stream_info("S")).state.messages
        while len(found) < last:
            found.add((await subscription.next_msg(timeout=10)).data)
        return found
    finally:
        with suppress(Error, OSError):
            await client.close()
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()


async def _started(place: Path, port: int) -> Process:
    server = await asyncio.create_subprocess_exec(
        str(SERVER), "-c", str(place), stdout=DEVNULL, stderr=DEVNULL
    )
    for _ in range(UP_SECONDS * 10):
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return server
        await asyncio.sleep(0.1)
    raise TimeoutError("the broker does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
