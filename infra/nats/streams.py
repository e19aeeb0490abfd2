"""Makes the streams and durable consumers of the deployment, or brings them up to date. Safe to repeat.

Run by the local stack with `.venv/bin/python infra/nats/streams.py`; reads NATS_URL, NATS_CREDENTIALS and the
tenants' slugs from the command line. Nothing here is ever deleted: a stream that is no longer listed stays.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import nats
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

DAY = 86_400.0
SERVICES = ("101", "102", "103", "104", "112")
STREAMS = {
    "HUB": {
        "HANDOFF": "sko.*.handoff.*.*.*",
        "RETURN": "sko.*.return.*.*.*",
        "DESK": "sko.*.desk.*.*.*",
        "REPLY": "sko.*.reply.*.*.*",
        "ALERT": "sko.alert.*",
    },
    "REGION": {"FEED": "sko.feed.*.*", "MANDATE": "sko.mandate.*"},
}


def stream(name: str, subject: str) -> StreamConfig:
    """Keeps everything until a limit, refuses rather than forgets, and knows a repeated message for a day."""
    return StreamConfig(
        name=name,
        subjects=[subject],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        deny_purge=True,
        duplicate_window=DAY,
    )


def consumer(name: str, subject: str) -> ConsumerConfig:
    """A place in a stream for one outside account; no max_deliver, because that skips silently."""
    return ConsumerConfig(
        durable_name=name, filter_subject=subject, ack_policy=AckPolicy.EXPLICIT, ack_wait=30
    )


def consumers(slugs: Iterable[str]) -> list[tuple[str, str, ConsumerConfig]]:
    """(account, stream, consumer) for every tenant and service that reads across an account's border."""
    found = [("HUB", "DESK", consumer(code, f"sko.*.desk.{code}.*.*")) for code in SERVICES]
    for slug in slugs:
        found.append(("HUB", "RETURN", consumer(slug, f"sko.*.return.{slug}.*.*")))
        found.append(("REGION", "MANDATE", consumer(slug, f"sko.mandate.{slug}")))
    return found


async def apply(url: str, users: Mapping[str, Mapping[str, str]], slugs: list[str]) -> None:
    """Make what is missing, as the account that owns it."""
    for account, streams in STREAMS.items():
        login = users[account]
        client = await nats.connect(
            url, user=login["user"], password=login["password"], allow_reconnect=False
        )
        bus = client.jetstream()
        for name, subject in streams.items():
            await _apply_stream(bus, stream(name, subject))
        for owner, name, wanted in consumers(slugs):
            if owner == account:
                await bus.add_consumer(name, wanted)
        await client.close()


async def _apply_stream(bus: JetStreamContext, wanted: StreamConfig) -> None:
    try:
        await bus.stream_info(str(wanted.name))
    except NotFoundError:
        await bus.add_stream(wanted)
    else:
        await bus.update_stream(wanted)


if __name__ == "__main__":
    logins = json.loads(Path(os.environ["NATS_CREDENTIALS"]).read_text())
    asyncio.run(apply(os.environ["NATS_URL"], logins, sys.argv[1:]))
