"""The worker: `python -m dispatch109.worker`. Relays the outbox, sweeps deadlines, seals the audit, tidies up."""

import os

from chassis109.bus import subjects, worker
from chassis109.kernel import clock
from chassis109.store import unit
from chassis109.store.sealer import Sealer
from dispatch109.contacts import service as contacts
from dispatch109.settings import Settings
from dispatch109.tickets import watchdog
from identity109 import repository as sessions
from tenancy109 import directory
from ui109.assembly import VERSION

NAME = "dispatch109-worker"


class Tenants:
    """The open tenants as last seen, and what the bus needs to know of them."""

    def __init__(self) -> None:
        self.slugs: dict[int, str] = {}

    async def follow(self) -> None:
        """Look who is open."""
        self.slugs = {tenant.id: tenant.slug for tenant in await directory.all()}

    def account(self, tenant: int) -> str | None:
        """Through which account a tenant's messages leave; None while it is not known yet."""
        slug = self.slugs.get(tenant)
        return None if slug is None else subjects.account_of(slug)

    def audit_subjects(self) -> dict[int, str | None]:
        """Where the heads of each tenant's audit chain go."""
        return {tenant: subjects.feed(slug, "audit") for tenant, slug in self.slugs.items()}


async def run(settings: Settings, pulse: worker.Pulse) -> None:
    """Work until SIGTERM or SIGINT; every task outlives PostgreSQL and NATS going away."""
    contacts.use_keys(settings.contact_keys, settings.index_key)
    tenants = Tenants()
    async with worker.opened(NAME, settings, subjects.NODE, tenants.account) as tools:

        async def tidy() -> None:
            await worker.tidy(tools.outbox, tenants.slugs)
            async with unit.transaction(None):
                await sessions.sweep_sessions(clock.now())

        silence = worker.sweeping(tools.outbox, watchdog.TENANTS_WITH_SILENCE, watchdog.sweep)
        await worker.work(
            tools.relay.run(),
            tools.relay.listen(subjects.NODE),
            Sealer(tools.outbox, tenants.audit_subjects).run(),
            worker.every(worker.SWEEP_SECONDS, pulse.beat),
            worker.every(worker.SWEEP_SECONDS, tenants.follow),
            worker.every(worker.SWEEP_SECONDS, silence),
            worker.every(worker.TIDY_SECONDS, tidy),
        )


def main() -> None:
    """Run the worker with the settings of the environment."""
    settings = Settings.from_environment(os.environ)
    worker.start(NAME, VERSION, settings, lambda pulse: run(settings, pulse))


if __name__ == "__main__":
    main()
