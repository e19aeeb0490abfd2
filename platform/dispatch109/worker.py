"""The worker: `python -m dispatch109.worker`. Relays the outbox, sweeps deadlines, seals the audit, tidies up."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from chassis109.bus import subjects
from chassis109.bus.announce import use_feed
from chassis109.bus.connection import Connections
from chassis109.bus.live import LiveFeed
from chassis109.bus.relay import Relay
from chassis109.kernel import clock
from chassis109.observe import metrics
from chassis109.observe.logs import open_logs
from chassis109.observe.tracing import close_tracing, open_tracing
from chassis109.store import idempotency, unit
from chassis109.store.outbox import Outbox
from chassis109.store.sealer import Sealer
from dispatch109.contacts import service as contacts
from dispatch109.settings import Settings
from dispatch109.tickets import watchdog
from identity109 import repository as sessions
from tenancy109 import directory
from ui109.assembly import VERSION

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
TIDY_SECONDS = 300.0
HANGS_AFTER_SECONDS = 10.0
KEPT_KEYS = timedelta(days=1)


class Pulse:
    """When the worker's loop last went round; a reader in another thread sees when it hangs."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    async def beat(self) -> None:
        """The loop turns."""
        self.at = time.monotonic()

    def alive(self) -> bool:
        """Whether the loop has turned within the last HANGS_AFTER_SECONDS."""
        return time.monotonic() - self.at < HANGS_AFTER_SECONDS


async def run(settings: Settings, pulse: Pulse) -> None:
    """Work until SIGTERM or SIGINT; every task outlives PostgreSQL and NATS going away."""
    contacts.use_keys(settings.contact_keys, settings.index_key)
    await unit.open_store(settings.app_dsn, size=4, application="dispatch109-worker")
    outbox = await Outbox.open(settings.relay_dsn)
    connections = Connections(settings.nats_url, settings.nats_credentials, "worker")
    feed = LiveFeed(connections)
    use_feed(feed)
    await feed.open()
    slugs: dict[int, str] = {}

    async def follow_tenants() -> None:
        slugs.update({tenant.id: tenant.slug for tenant in await directory.all()})

    def account_of(tenant: int) -> str | None:
        return subjects.account_of(slugs[tenant]) if tenant in slugs else None

    def audit_subjects() -> dict[int, str]:
        return {tenant: subjects.feed(slug, "audit") for tenant, slug in slugs.items()}

    async def sweep() -> None:
        for row in await outbox.fetch(watchdog.TENANTS_WITH_SILENCE):
            await watchdog.sweep(row["tenant_id"])

    work = asyncio.gather(
        Relay(outbox, connections, account_of).run(),
        Sealer(outbox, audit_subjects).run(),
        _every(SWEEP_SECONDS, pulse.beat),
        _every(SWEEP_SECONDS, follow_tenants),
        _every(SWEEP_SECONDS, sweep),
        _every(TIDY_SECONDS, _tidy),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("worker.stopped")
    finally:
        use_feed(None)
        await feed.close()
        await connections.close()
        await outbox.close()
        await unit.close_store()


async def _every(seconds: float, task: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await task()
        except Exception as error:  # the outer edge: a sweep is tried again
            log.warning("worker.task_failed", task=getattr(task, "__name__", ""), error=type(error).__name__)
        await asyncio.sleep(seconds)


async def _tidy() -> None:
    async with unit.transaction(None):
        await sessions.sweep_sessions(clock.now())
    for tenant in await directory.all():
        async with unit.transaction(tenant.id):
            await idempotency.forget(clock.now() - KEPT_KEYS)


def main() -> None:
    """Run the worker with the settings of the environment."""
    settings = Settings.from_environment(os.environ)
    open_logs("dispatch109-worker", VERSION)
    open_tracing("dispatch109-worker", VERSION, export=settings.traces)
    pulse = Pulse()
    metrics.serve(settings.worker_port, pulse.alive)
    try:
        asyncio.run(run(settings, pulse))
    finally:
        close_tracing()


if __name__ == "__main__":
    main()
