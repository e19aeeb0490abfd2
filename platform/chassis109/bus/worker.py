"""What every worker process has: store, outbox, broker and relay, and tasks that outlive failures.

A service's own worker says what is consumed, swept and sealed, and for whom.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from chassis109.bus.announce import use_feed, use_relay
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.bus.pulse import Pulse
from chassis109.bus.relay import Relay
from chassis109.kernel import clock
from chassis109.kernel.settings import ServiceSettings
from chassis109.observe import metrics
from chassis109.observe.logs import open_logs
from chassis109.observe.tracing import close_tracing, open_tracing
from chassis109.store import idempotency, unit
from chassis109.store.outbox import Outbox

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
TIDY_SECONDS = 300.0
POOL = 12  # what is consumed takes 8 at most (SIDE_BY_SIDE), so that sweeps never wait for it
KEPT = timedelta(days=1)

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What the tasks of a worker share."""

    outbox: Outbox
    connections: Connections
    relay: Relay


@asynccontextmanager
async def opened(
    name: str, settings: ServiceSettings, account: str, account_of: Callable[[int], str | None]
) -> AsyncIterator[Tools]:
    """Open what a worker needs; PostgreSQL and NATS may be away. `account` is the node's own, for screens and
    wake; `account_of` names the one through which a tenant's messages leave."""
    await unit.open_store(settings.app_dsn, size=POOL, application=name)
    outbox = await Outbox.open(settings.relay_dsn, application=f"{name}-relay")
    connections = Connections(settings.nats_url, settings.nats_credentials, "worker")
    relay, feed = Relay(outbox, connections, account_of), LiveFeed(connections, account)
    use_feed(feed)
    use_relay(relay.wake)
    await feed.open()
    try:
        yield Tools(outbox, connections, relay)
    finally:
        use_relay(None)
        use_feed(None)
        await feed.close()
        await connections.close()
        await outbox.close()
        await unit.close_store()


async def work(*tasks: Coroutine[Any, Any, None]) -> None:
    """Run all of them until SIGTERM or SIGINT, and wait until each has let go of what it holds."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(task) for task in tasks]
        await stopped.wait()
        for task in running:
            task.cancel()
    log.info("worker.stopped")


async def every(seconds: float, task: Task) -> None:
    """Repeat a task until cancelled; when it fails it is tried again."""
    while True:
        try:
            await task()
        except Exception as error:  # the outer edge: a sweep is tried again
            log.warning("worker.task_failed", task=getattr(task, "__name__", ""), error=type(error).__name__)
        await asyncio.sleep(seconds)


def sweeping(outbox: Outbox, tenants_sql: str, sweep: Callable[[int], Awaitable[object]]) -> Task:
    """A task that sweeps each tenant for which something is due; `tenants_sql` tells which (as the relay's
    role), in a column tenant_id. One tenant's trouble is not the others'."""

    async def sweep_all() -> None:
        for row in await outbox.fetch(tenants_sql):
            try:
                await sweep(row["tenant_id"])
            except Exception as error:  # the outer edge: a sweep is tried again
                log.error("worker.sweep_failed", tenant_id=row["tenant_id"], error=type(error).__name__)

    return sweep_all


async def tidy(outbox: Outbox, tenants: Iterable[int]) -> None:
    """Forget what nobody asks for any more: messages that left long ago, answers under an Idempotency-Key."""
    await outbox.forget(clock.now() - KEPT)
    for tenant in list(tenants):
        async with unit.transaction(tenant):
            await idempotency.forget(clock.now() - KEPT)


def start(
    name: str, version: str, settings: ServiceSettings, run: Callable[[Pulse], Coroutine[Any, Any, None]]
) -> None:
    """Be a worker process: logs, traces, /metrics and /livez around `run`."""
    open_logs(name, version)
    open_tracing(name, version, export=settings.traces)
    pulse = Pulse()
    metrics.serve(settings.worker_port, pulse.alive)
    try:
        asyncio.run(run(pulse))
    finally:
        close_tracing()
