"""Copies the streams into a folder while everybody goes on, and puts them into a broker that has none of them.

    .venv/bin/python infra/nats/snapshots.py save FOLDER
    .venv/bin/python infra/nats/snapshots.py restore FOLDER

The broker itself makes and reads the copy (its snapshot API), each with the places of its consumers. Reads NATS_URL and
NATS_CREDENTIALS. `<stream>.json` holds what the broker said of the copy, `<stream>.snapshot` the copy as it sent it.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from streams import STREAMS

CHUNK = 128 * 1024
SECONDS = 30.0
SILENT_SECONDS = 60.0
ATTEMPTS = 5
PAUSE_SECONDS = 2.0
END = "204"
Verb = Callable[[Client, str, Path], Awaitable[int]]


class Refused(Exception):
    """What the broker answered instead of doing it."""


async def save(client: Client, name: str, folder: Path) -> int:
    """Copy one stream; the bytes. The broker sends on when a piece has been answered."""
    inbox = client.new_inbox()
    pieces = await client.subscribe(inbox)
    asked = {"deliver_subject": inbox, "no_consumers": False, "chunk_size": CHUNK}
    said = await _call(client, f"$JS.API.STREAM.SNAPSHOT.{name}", json.dumps(asked).encode())
    written = 0
    with (folder / f"{name}.snapshot").open("wb") as file:
        while piece := await pieces.next_msg(SILENT_SECONDS):
            if not piece.data:
                _require_end(name, (piece.headers or {}).get("Status", END))
                break
            written += file.write(piece.data)
            if piece.reply:
                await client.publish(piece.reply)
    await pieces.unsubscribe()
    kept = {"config": said["config"], "state": said["state"], "bytes": written}
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=1))
    return written


async def restore(client: Client, name: str, folder: Path) -> int:
    """Put one stream back, with the places of its consumers; the messages it then holds."""
    kept = json.loads((folder / f"{name}.json").read_text())
    asked = json.dumps({"config": kept["config"], "state": kept["state"]}).encode()
    said = await _call(client, f"$JS.API.STREAM.RESTORE.{name}", asked)
    try:
        with (folder / f"{name}.snapshot").open("rb") as file:
            while piece := file.read(CHUNK):
                answer = await client.request(said["deliver_subject"], piece, SILENT_SECONDS)
                _judge(name, answer.data)
        whole = await client.request(said["deliver_subject"], b"", SILENT_SECONDS)
        return int(_judge(name, whole.data)["state"]["messages"])
    except (Refused, nats.errors.TimeoutError):
        return await _held(client, name, kept["state"]["last_seq"])


async def _held(client: Client, name: str, last: int) -> int:
    """The broker closes the pipe at the end of the archive, also when its last bytes are still on their way: then the
    stream is whole. One that is not goes, so that it can be begun again."""
    await asyncio.sleep(PAUSE_SECONDS)
    held = await client.jetstream().stream_info(name)
    if held.state.last_seq >= last:
        return int(held.state.messages)
    await client.jetstream().delete_stream(name)
    raise Refused(f"{name}: only {held.state.last_seq} of {last} messages came back")


def _require_end(name: str, status: str) -> None:
    """The last piece is empty, and says whether it is the end or the broker has lost patience."""
    if status != END:
        raise Refused(f"{name}: the copy was cut short with status {status}")


async def patiently(verb: Verb, client: Client, name: str, folder: Path) -> int:
    """The broker gives up on whoever is silent for five seconds; on a machine that stalls that long, begin again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await verb(client, name, folder)
        except (Refused, NotFoundError, nats.errors.TimeoutError) as stalled:
            print(f"{name}: {stalled}; once more")  # noqa: T201
            await asyncio.sleep(PAUSE_SECONDS)
    return await verb(client, name, folder)


async def _call(client: Client, subject: str, body: bytes) -> dict[str, Any]:
    return _judge(subject, (await client.request(subject, body, SECONDS)).data)


def _judge(what: str, answer: bytes) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(answer) if answer else {}
    if "error" in said:
        raise Refused(f"{what}: {said['error'].get('description', said['error'])}")
    return said


@asynccontextmanager
async def connected(login: Mapping[str, str]) -> AsyncIterator[Client]:
    """A client of an account that owns streams."""
    client = await nats.connect(
        os.environ["NATS_URL"], user=login["user"], password=login["password"], allow_reconnect=False
    )
    try:
        yield client
    finally:
        await client.close()


async def every(verb: str, folder: Path, users: Mapping[str, Mapping[str, str]]) -> None:
    """Save or restore all streams of the deployment; one that was never saved is left to streams.py."""
    for account, streams in STREAMS.items():
        async with connected(users[account]) as client:
            for name in streams:
                if verb == "save":
                    print(f"{name}: {await patiently(save, client, name, folder)} bytes")  # noqa: T201
                elif (folder / f"{name}.json").exists():
                    print(f"{name}: {await patiently(restore, client, name, folder)} messages")  # noqa: T201


if __name__ == "__main__":
    kept_in = Path(sys.argv[2])
    kept_in.mkdir(mode=0o700, parents=True, exist_ok=True)
    logins = json.loads(Path(os.environ["NATS_CREDENTIALS"]).read_text())
    try:
        asyncio.run(every(sys.argv[1], kept_in, logins))
    except Refused as refused:
        sys.exit(f"The broker refused: {refused}")
