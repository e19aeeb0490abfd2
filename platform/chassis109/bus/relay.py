"""The relay: carries what the outbox holds to the streams of NATS, each tenant through its own account.

A message is marked only after the stream's PubAck. While NATS or PostgreSQL is away the relay waits; the
tickets do not notice. `Nats-Msg-Id` lets the stream drop what a crash made us send twice.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext, suppress
from itertools import product

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry.trace import SpanKind

from chassis109.bus import subjects
from chassis109.bus.connection import BROKER_ERRORS, BusAway, Connections
from chassis109.observe import metrics
from chassis109.observe.tracing import current_traceparent, span
from chassis109.store.outbox import Claim, Outbox, Waiting

log = structlog.get_logger()

POLL_SECONDS = 0.1  # an emergency waits no longer for the relay; an idle poll costs one index probe
REST_SECONDS = 1.0
AWAY_SECONDS = 0.5  # until a line is tried that was never there; a lost one tells that it is back
ACK_SECONDS = 5.0
BATCH = 100
PATIENT_BATCH = 25  # facts: a new one waits for a little of three other tenants, not for all they have
FIGURES_SECONDS = 5.0
PATIENT_AT_ONCE = 3  # fewer than the outbox has connections: a region that hangs leaves some for emergencies


Lane = tuple[int, bool]
"""A tenant, and whether urgent messages or facts for the region are meant: neither waits for the other."""


class Relay:
    """Runs in the worker. `account_of` names a tenant's account; None while the tenant is not known yet."""

    def __init__(
        self, outbox: Outbox, connections: Connections, account_of: Callable[[int], str | None]
    ) -> None:
        self._outbox, self._connections, self._account_of = outbox, connections, account_of
        self._woken = asyncio.Event()
        self._busy: set[Lane] = set()
        self._again: set[Lane] = set()
        self._patient = asyncio.Semaphore(PATIENT_AT_ONCE)
        self._told: Callable[[int, str], None] | None = None

    def tell(self, told: Callable[[int, str], None]) -> None:
        """Call `told` with tenant and subject of every message that its stream has acknowledged; a crash in between
        loses the call, so nothing may depend on it."""
        self._told = told

    def wake(self) -> None:
        """Look now instead of at the next poll (for verbs of this same process, after commit)."""
        self._woken.set()

    async def listen(self, account: str) -> None:
        """Be woken by other processes over core NATS until cancelled; a lost call costs one poll."""

        async def on_wake(_: Msg) -> None:
            self.wake()

        while True:
            with suppress(BusAway, *BROKER_ERRORS):
                client = await self._connections.get(account)
                await client.subscribe(subjects.wake(), cb=on_wake)  # lives on over reconnects
                while not client.is_closed:  # noqa: ASYNC110 - the client tells nobody
                    await asyncio.sleep(REST_SECONDS)
            await asyncio.sleep(REST_SECONDS)

    async def run(self) -> None:
        """Relay until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._measure())
            while True:
                self._woken.clear()
                for lane in product(await self._waiting(), (True, False)):
                    if lane in self._busy:
                        self._again.add(lane)  # written after its last claim, perhaps
                    else:
                        self._busy.add(lane)
                        tasks.create_task(self._serve(lane))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def _waiting(self) -> list[int]:
        try:
            return await self._outbox.waiting()
        except Exception as error:  # the outer edge: the relay outlives everything
            log.warning("relay.database_away", error=type(error).__name__)
            await asyncio.sleep(REST_SECONDS)
            return []

    async def _serve(self, lane: Lane) -> None:
        """Send what waits in one lane; after trouble leave it alone for a moment."""
        try:
            await self._drain(lane)
        except BusAway as away:
            log.warning("relay.bus_away", account=str(away))
            await self._line_back(lane[0])
        except Exception as error:  # the outer edge: one tenant's trouble is not the others'
            log.error("relay.failed", tenant_id=lane[0], error=type(error).__name__)
            await asyncio.sleep(REST_SECONDS)
        finally:
            self._busy.discard(lane)
            self._again.discard(lane)

    async def _line_back(self, tenant: int) -> None:
        """Rest for a moment, or less when the tenant's line is back meanwhile: all its facts wait for that."""
        account = self._account_of(tenant)
        back = asyncio.sleep(AWAY_SECONDS) if account is None else self._connections.reconnected(account)
        with suppress(TimeoutError):
            await asyncio.wait_for(back, AWAY_SECONDS)

    async def _drain(self, lane: Lane) -> None:
        tenant, urgent = lane
        account = self._account_of(tenant)
        if account is None:
            raise BusAway(f"tenant {tenant} has no account")
        client = await self._connections.get(account)
        sent = True
        while sent or lane in self._again:
            self._again.discard(lane)
            async with (
                nullcontext() if urgent else self._patient,
                self._outbox.claim(tenant, BATCH if urgent else PATIENT_BATCH, urgent) as claim,
            ):
                await asyncio.gather(*(_send(client, claim, message) for message in claim.messages))
                sent = bool(claim.published)
            self._tell(tenant, claim)
            if not client.is_connected:
                raise BusAway(account)

    def _tell(self, tenant: int, claim: Claim) -> None:
        if self._told is not None:
            for message in claim.messages:
                if message.id in claim.published:
                    self._told(tenant, message.subject)

    async def _measure(self) -> None:
        while True:
            with suppress(Exception):  # _waiting already tells that the database is away
                waiting = await self._outbox.depth()
                metrics.OUTBOX_DEPTH.set(waiting.depth)
                metrics.OUTBOX_LAG_SECONDS.set(waiting.lag_seconds)
                metrics.OUTBOX_STUCK.set(waiting.stuck)
            await asyncio.sleep(FIGURES_SECONDS)


async def _send(client: Client, claim: Claim, message: Waiting) -> None:
    """Publish and wait for the PubAck. What the broker refuses is noted; what a cut line swallowed is not."""
    with span("outbox publish", SpanKind.PRODUCER, traceparent=message.traceparent):
        headers = {"Nats-Msg-Id": str(message.message_id)}
        if traceparent := current_traceparent():
            headers["traceparent"] = traceparent
        try:
            await client.jetstream().publish(message.subject, message.payload, ACK_SECONDS, headers=headers)
        except BROKER_ERRORS as error:
            if client.is_connected:
                claim.refused.append(message.id)
                log.warning("relay.refused", message_id=str(message.message_id), error=type(error).__name__)
        else:
            claim.published.append(message.id)
            metrics.OUTBOX_PUBLISHED.inc()
