"""The hub's worker: `python -m hub112.worker`. Hears 109 and the desks, relays, sweeps the clocks, seals, tidies up."""

import os
from collections.abc import Mapping
from functools import partial

from chassis109.bus import subjects, worker
from chassis109.bus.consumer import Answer, Handler, Source
from chassis109.bus.consumers import Consumers
from chassis109.bus.pulse import Pulse
from chassis109.store.sealer import Sealer
from hub112.contract import MODES
from hub112.desks import watchdog
from hub112.desks.arrival import desk_of
from hub112.intake import handlers as intake
from hub112.replies import handlers as replies
from hub112.settings import Settings
from identity109 import sessions
from tenancy109 import directory
from ui109.assembly import VERSION

NAME = "hub112-worker"
HEARD: dict[str, tuple[Mapping[str, Handler], Answer | None, int]] = {
    "HANDOFF": (intake.HANDLERS, intake.give_up, 4),
    "REPLY": (replies.HANDLERS, replies.give_up, 3),
    "CROSS": (intake.HANDLERS, None, 1),
}
"""What the hub hears, who works it, who tells its sender when it is given up (nobody waits behind CROSS), and how many
at once: a machine that floods REPLY leaves HANDOFF its part, and all of them together leave some for the clocks."""


class Desks:
    """The desks as last seen."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    async def follow(self) -> None:
        """Look which desks there are."""
        self.numbers = [desk.id for desk in await directory.all()]

    def audit_subjects(self) -> dict[int, str | None]:
        """The chain of each desk is sealed; its heads are sent to nobody."""
        return dict.fromkeys(self.numbers)


def sources(stream: str) -> list[Source]:
    """One consumer a mode: a drill never waits in front of what is live."""
    return [Source(subjects.HUB, stream, mode, desk_of) for mode in MODES]


async def run(settings: Settings, pulse: Pulse) -> None:
    """Work until SIGTERM or SIGINT; every task outlives PostgreSQL and NATS going away."""
    desks = Desks()
    async with worker.opened(NAME, settings, subjects.HUB, lambda _: subjects.HUB) as tools:

        async def tidy() -> None:
            await worker.tidy(tools.outbox, desks.numbers)
            await sessions.sweep()

        sweep = worker.sweeping(tools.outbox, watchdog.TENANTS_WITH_OVERDUE, watchdog.sweep)
        await worker.work(
            tools.relay.run(),
            tools.relay.listen(subjects.HUB),
            Sealer(tools.outbox, desks.audit_subjects).run(),
            *(
                Consumers(tools.connections, partial(sources, stream), *works).run()
                for stream, works in HEARD.items()
            ),
            worker.every(worker.SWEEP_SECONDS, pulse.beat),
            worker.every(worker.SWEEP_SECONDS, sweep),
            worker.every(worker.SWEEP_SECONDS, desks.follow),
            worker.every(worker.TIDY_SECONDS, tidy),
        )


def main() -> None:
    """Run the worker with the settings of the environment."""
    settings = Settings.from_environment(os.environ)
    worker.start(NAME, VERSION, settings, lambda pulse: run(settings, pulse))


if __name__ == "__main__":
    main()
