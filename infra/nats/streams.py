"""Makes the streams and durable consumers of the deployment, or brings them up to date. Safe to repeat.

Run by the local stack with `.venv/bin/python infra/nats/streams.py`; reads NATS_URL, NATS_CREDENTIALS and the
tenants' slugs from the command line. No stream is ever deleted. A durable consumer of an earlier naming goes when
nothing waits in it; else it stays and is named on the output, and the next run looks again.
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
ACK_SECONDS = 5.0
"""A reader that died keeps a message from the next one for so long; the first clock of a handoff runs 10 s."""
BATCHES_IN_FLIGHT = 5_000
"""The region takes facts by the five hundred, and acknowledges them once they stand in its database."""
SERVICES = ("101", "102", "103", "104", "112")
MODES = ("live", "exercise", "test")
ADVISORY, FEED, PULSE = "ADVISORY", "FEED", "PULSE"
STREAMS = {
    "HUB": {
        "HANDOFF": [f"sko.{mode}.handoff.*.*.*" for mode in MODES],
        "RETURN": [f"sko.{mode}.return.*.*.*" for mode in MODES],
        "DESK": [f"sko.{mode}.desk.*.*.*" for mode in MODES],
        "REPLY": [f"sko.{mode}.reply.*.*.*" for mode in MODES],
        "CROSS": [f"hub.{mode}.*.*.*" for mode in MODES],
        "ALERT": ["sko.alert.*"],
        ADVISORY: ["$JS.EVENT.ADVISORY.>"],
    },
    "REGION": {
        FEED: ["sko.feed.*.*"],
        PULSE: ["sko.pulse.*"],
        "MANDATE": ["sko.mandate.*"],
        "ANSWER": ["sko.answer.*"],
        "REFERRAL": ["sko.referral.*.*"],
    },
}
MEGABYTES = {
    "HANDOFF": 384, "RETURN": 384, "DESK": 384, "REPLY": 384, "CROSS": 128, "ALERT": 32, ADVISORY: 64,
    FEED: 1024, PULSE: 8, "MANDATE": 64, "ANSWER": 64, "REFERRAL": 256,
}  # fmt: skip
"""Room of its own for each stream: whoever floods one is refused there, and the others go on."""
KEPT = 30 * DAY
"""What streams keep for readers that were away; older things stand in the databases of both sides."""
REPEATED = 120.0
"""Facts and pulses are told apart by version and time, and everything may be said again at any moment."""
OVERFLOWING = {
    ADVISORY: {"max_msgs_per_subject": 1_000},
    FEED: {"max_age": 0.0, "duplicate_window": REPEATED},
    PULSE: {"max_msgs_per_subject": 1, "duplicate_window": REPEATED},
}
"""Streams that rather forget the oldest than refuse the newest. What the broker says about itself: the last of each
kind are enough. Facts: a full stream must not stop a district, which says everything again when asked. Pulses: only
the last of each tenant; on the disk all the same, because a lone broker forgets streams in memory when it restarts.
"""
Place = tuple[str, str, ConsumerConfig]


def stream(name: str, subjects: list[str]) -> StreamConfig:
    """Keeps everything until a limit, refuses rather than forgets, and knows a repeated message for a day."""
    config = StreamConfig(
        name=name,
        subjects=subjects,
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        deny_delete=True,
        deny_purge=True,
        duplicate_window=DAY,
        max_bytes=MEGABYTES[name] * 1024 * 1024,
        max_age=KEPT,
    )
    other = OVERFLOWING.get(name)
    return config if other is None else config.evolve(discard=DiscardPolicy.OLD, **other)


def consumer(name: str, subject: str) -> ConsumerConfig:
    """A place in a stream; no max_deliver, because that skips silently."""
    return ConsumerConfig(
        durable_name=name, filter_subject=subject, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_SECONDS
    )


def consumers(slugs: Iterable[str]) -> list[Place]:
    """(account, stream, consumer): a place for each mode, so that a drill never reaches a live reader."""
    found = [*_of_region(), *(place for slug in slugs for place in _of_tenant(slug))]
    for mode in MODES:
        found += [
            ("HUB", "HANDOFF", consumer(mode, f"sko.{mode}.handoff.*.*.*")),
            ("HUB", "REPLY", consumer(mode, f"sko.{mode}.reply.*.*.*")),
            ("HUB", "CROSS", consumer(mode, f"hub.{mode}.*.*.*")),
            *(("HUB", "DESK", _of(code, mode, "desk")) for code in SERVICES),
            *(("HUB", "RETURN", _of(slug, mode, "return")) for slug in slugs),
        ]
    return found


def _of_region() -> list[Place]:
    """What the region itself reads: facts in batches, the last pulse of everybody, answers one by one."""
    facts = consumer("region", "sko.feed.*.*").evolve(max_ack_pending=BATCHES_IN_FLIGHT)
    return [
        ("REGION", FEED, facts),
        ("REGION", PULSE, consumer("region", "sko.pulse.*")),
        ("REGION", "ANSWER", consumer("region", "sko.answer.*")),
    ]


def _of_tenant(slug: str) -> list[Place]:
    """What a tenant reads: the region's orders to it, and what other tenants refer to it."""
    return [
        ("REGION", "MANDATE", consumer(slug, f"sko.mandate.{slug}")),
        ("REGION", "REFERRAL", consumer(slug, f"sko.referral.{slug}.*")),
    ]


def _of(name: str, mode: str, kind: str) -> ConsumerConfig:
    return consumer(f"{name}-{mode}", f"sko.{mode}.{kind}.{name}.*.*")


def retired(slugs: Iterable[str]) -> list[tuple[str, str, str]]:
    """(account, stream, name) of the durables that read all modes at once, before each mode had its own."""
    return [("HUB", "DESK", code) for code in SERVICES] + [("HUB", "RETURN", slug) for slug in slugs]


async def apply(url: str, users: Mapping[str, Mapping[str, str]], slugs: list[str]) -> None:
    """Make what is missing, as the account that owns it."""
    for account, streams in STREAMS.items():
        login = users[account]
        client = await nats.connect(
            url, user=login["user"], password=login["password"], allow_reconnect=False
        )
        bus = client.jetstream()
        for name, subjects in streams.items():
            await _apply_stream(bus, stream(name, subjects))
        async with asyncio.TaskGroup() as group:
            for owner, name, wanted in consumers(slugs):
                if owner == account:
                    group.create_task(bus.add_consumer(name, wanted))
        for owner, name, durable in retired(slugs):
            if owner == account:
                await _retire(bus, name, durable)
        await client.close()


async def _apply_stream(bus: JetStreamContext, wanted: StreamConfig) -> None:
    try:
        await bus.stream_info(str(wanted.name))
    except NotFoundError:
        await bus.add_stream(wanted)
    else:
        await bus.update_stream(wanted)


async def _retire(bus: JetStreamContext, name: str, durable: str) -> None:
    try:
        info = await bus.consumer_info(name, durable)
    except NotFoundError:
        return
    if waiting := (info.num_pending or 0) + (info.num_ack_pending or 0):
        print(f"{name}: the old consumer {durable} stays, {waiting} messages wait in it")  # noqa: T201
    else:
        await bus.delete_consumer(name, durable)


if __name__ == "__main__":
    logins = json.loads(Path(os.environ["NATS_CREDENTIALS"]).read_text())
    asyncio.run(apply(os.environ["NATS_URL"], logins, sys.argv[1:]))
