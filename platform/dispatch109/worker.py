"""The worker: `python -m dispatch109.worker`. Relays the outbox, hears hub, region and other tenants, tells the region
that it lives, sweeps deadlines, seals, tidies up."""

import asyncio
import os
from collections.abc import Iterator

from chassis109.bus import subjects, worker
from chassis109.bus.consumer import Source
from chassis109.bus.consumers import Consumers
from chassis109.bus.pulse import Pulse
from chassis109.kernel import clock
from chassis109.store.sealer import Sealer
from dispatch109.contacts import service as contacts
from dispatch109.emergencies import handlers as emergencies
from dispatch109.emergencies import service as emergency
from dispatch109.emergencies import watchdog as clocks
from dispatch109.federation import handlers as orders
from dispatch109.federation import service as federation
from dispatch109.referrals import handlers as across
from dispatch109.referrals import service as referrals
from dispatch109.settings import Settings
from dispatch109.tickets import watchdog as silence
from hub112.contract import MODES
from identity109 import sessions
from region109 import contract
from region109.contract import PULSE_SECONDS
from tenancy109 import directory
from ui109.assembly import VERSION

NAME = "dispatch109-worker"
HANDOFFS = "sko.*.handoff.*.*.*"
HUB_API, REGION_API = (
    "hub.API",
    "region.API",
)  # under which name a tenant's account imports its consumers of their streams (infra/nats)

# Together SIDE_BY_SIDE: however much the region orders or a neighbour refers, the hub's answers keep their part.
RETURNS_AT_ONCE, ORDERS_AT_ONCE, REFERRALS_AT_ONCE = 4, 2, 2


class Tenants:
    """The open tenants as last seen, and what the bus needs to know of them."""

    def __init__(self) -> None:
        self.slugs: dict[int, str] = {}
        self._with_keys: dict[int, str] = {}

    async def follow(self) -> None:
        """Look who is open, and let the others seal referrals for who is new."""
        self.slugs = {tenant.id: tenant.slug for tenant in await directory.all()}
        if self.slugs != self._with_keys:
            await referrals.publish_keys(self.slugs)
            self._with_keys = self.slugs

    def account(self, tenant: int) -> str | None:
        """Through which account a tenant's messages leave; None while it is not known yet."""
        slug = self.slugs.get(tenant)
        return None if slug is None else subjects.account_of(slug)

    def returns(self) -> Iterator[Source]:
        """Where the hub's answers come from: one place a tenant and mode, through the tenant's own account."""
        for slug in self.slugs.values():
            account = subjects.account_of(slug)
            for mode in MODES:
                yield Source(account, "RETURN", f"{slug}-{mode}", self.named_by, HUB_API)

    def orders(self) -> Iterator[Source]:
        """Where the region's orders come from: one place a tenant, through the tenant's own account."""
        for slug in self.slugs.values():
            yield Source(subjects.account_of(slug), "MANDATE", slug, self.ordered_by, REGION_API)

    def referrals(self) -> Iterator[Source]:
        """Where offers and answers of other tenants come from: one place a tenant, through its own account."""
        for slug in self.slugs.values():
            yield Source(subjects.account_of(slug), "REFERRAL", slug, self.ordered_by, REGION_API)

    def ordered_by(self, subject: str) -> int | None:
        """The tenant of `sko.mandate.<tenant>` and of `sko.referral.<tenant>.<from>`."""
        return self._id(subject.split(".")[2])

    def named_by(self, subject: str) -> int | None:
        """The tenant of `sko.<mode>.return.<tenant>.<service>.<handoff>`."""
        return self._id(subject.split(".")[3])

    def _id(self, named: str) -> int | None:
        return next((tenant for tenant, slug in self.slugs.items() if slug == named), None)

    def audit_subjects(self) -> dict[int, str | None]:
        """Where the heads of each tenant's audit chain go."""
        return {tenant: contract.feed(slug, "audit") for tenant, slug in self.slugs.items()}


class Arrivals:
    """Handoffs that have just reached the hub: noted at once; the sweep notes what is missed."""

    def __init__(self) -> None:
        self._tenants: set[int] = set()
        self._some = asyncio.Event()

    def add(self, tenant: int, subject: str) -> None:
        """The relay has carried a message away."""
        if subjects.matches(HANDOFFS, subject):
            self._tenants.add(tenant)
            self._some.set()

    async def note(self) -> None:
        """Wait for some and note them."""
        await self._some.wait()
        self._some.clear()
        while self._tenants:
            await emergency.note_published(self._tenants.pop())


async def run(settings: Settings, pulse: Pulse) -> None:
    """Work until SIGTERM or SIGINT; every task outlives PostgreSQL and NATS going away."""
    contacts.use_keys(settings.contact_keys, settings.index_key)
    tenants = Tenants()
    async with worker.opened(NAME, settings, subjects.NODE, tenants.account) as tools:
        arrivals = Arrivals()
        tools.relay.tell(arrivals.add)

        async def tidy() -> None:
            await worker.tidy(tools.outbox, tenants.slugs)
            await tools.outbox.forget_key(federation.PULSE_KEY, clock.now())
            await sessions.sweep()

        async def pulses() -> None:
            for tenant in await directory.all():
                await federation.pulse(tenant)

        again = worker.sweeping(tools.outbox, federation.TENANTS_TO_SAY_AGAIN, federation.say_again)
        unanswered = worker.sweeping(tools.outbox, silence.TENANTS_WITH_SILENCE, silence.sweep)
        overdue = worker.sweeping(tools.outbox, clocks.TENANTS_WITH_OVERDUE, clocks.sweep)
        await worker.work(
            tools.relay.run(),
            tools.relay.listen(subjects.NODE),
            Consumers(
                tools.connections, tenants.returns, emergencies.HANDLERS, side_by_side=RETURNS_AT_ONCE
            ).run(),
            Consumers(tools.connections, tenants.orders, orders.HANDLERS, side_by_side=ORDERS_AT_ONCE).run(),
            Consumers(
                tools.connections, tenants.referrals, across.HANDLERS, side_by_side=REFERRALS_AT_ONCE
            ).run(),
            Sealer(tools.outbox, tenants.audit_subjects).run(),
            worker.every(worker.SWEEP_SECONDS, pulse.beat),
            worker.every(worker.SWEEP_SECONDS, tenants.follow),
            worker.every(worker.SWEEP_SECONDS, unanswered),
            worker.every(worker.SWEEP_SECONDS, overdue),
            worker.every(worker.SWEEP_SECONDS, again),
            worker.every(PULSE_SECONDS, pulses),
            worker.every(0, arrivals.note),
            worker.every(worker.TIDY_SECONDS, tidy),
        )


def main() -> None:
    """Run the worker with the settings of the environment."""
    settings = Settings.from_environment(os.environ)
    worker.start(NAME, VERSION, settings, lambda pulse: run(settings, pulse))


if __name__ == "__main__":
    main()
