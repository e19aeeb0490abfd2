"""`python -m tests.bench.load`: keeps HTTP connections busy and says how many answers came.

A process of its own, raw sockets on uvloop: httpx spends more time on a request than the service does, and wrk is
no dependency worth having for one figure. Its own processor time is reported, so that its share is known.
Reads JSON on stdin: {"port", "seconds", "connections", "requests": [whole HTTP requests]}.
"""

import asyncio
import json
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    over: bool = False
    waiting: int = 0


class Client(asyncio.Protocol):
    """One connection: sends the next request when the answer is complete."""

    def __init__(self, requests: list[bytes], first: int, tally: Tally) -> None:
        self._requests, self._next, self._tally = requests, first, tally
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(HEAD_END)
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 : head.find(b"\r", at) if head.find(b"\r", at) > 0 else None])
        if len(self._buffer) < head_end + len(HEAD_END) + length:
            return
        self._buffer = b""
        self._tally.waiting -= 1
        self._tally.statuses[int(head[9:12])] += 1
        self._tally.seconds.append(time.perf_counter() - self._sent)
        self._send()

    def _send(self) -> None:
        if self._tally.over:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(self._requests[self._next % len(self._requests)])
        self._next += 1
        self._tally.waiting += 1


async def run(port: int, seconds: float, connections: int, requests: list[bytes]) -> dict[str, object]:
    """Load for `seconds`, then let the last answers come."""
    loop, tally = asyncio.get_running_loop(), Tally()
    step = max(1, len(requests) // connections)
    begun = time.perf_counter()
    for n in range(connections):
        first = n * step
        await loop.create_connection(lambda first=first: Client(requests, first, tally), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(seconds)
    tally.over = True
    took, answers = time.perf_counter() - begun, sum(tally.statuses.values())
    while tally.waiting:  # noqa: ASYNC110 - every ticket asked for is counted: rows are compared with it
        await asyncio.sleep(0.02)
    times, used = sorted(tally.seconds), resource.getrusage(resource.RUSAGE_SELF)
    return {
        "answers": answers, "seconds": took, "statuses": tally.statuses, "last": sum(tally.statuses.values()),
        "p50_ms": times[len(times) // 2] * 1000, "p99_ms": times[int(len(times) * 0.99)] * 1000,
        "cpu_seconds": used.ru_utime + used.ru_stime,
    }  # fmt: skip


def main() -> None:
    """Read what to do, do it, write what came back."""
    wanted = json.load(sys.stdin)
    requests = [text.encode() for text in wanted["requests"]]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(run(wanted["port"], wanted["seconds"], wanted["connections"], requests))
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
