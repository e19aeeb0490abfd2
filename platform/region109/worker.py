"""The region's worker: `python -m region109.worker`. Hears the tenants, relays orders, seals, tidies up."""

import os

from chassis109.bus import subjects, worker
from chassis109.bus.batch import Batches, Place
from chassis109.bus.consumer import Source
from chassis109.bus.consumers import Consumers
from chassis109.bus.pulse import Pulse
from chassis109.store.sealer import Sealer
from chassis109.store.unit import transaction
from identity109 import sessions
from region109 import answers
from region109.feed import handlers as facts
from region109.feed import service as feed
from region109.settings import Settings
from region109.territories.model import HOME_ID
from ui109.assembly import VERSION

NAME = "region109-worker"
ANSWERS = Source(subjects.REGION, "ANSWER", "region", lambda _: HOME_ID)


async def run(settings: Settings, pulse: Pulse) -> None:
    """Work until SIGTERM or SIGINT; every task outlives PostgreSQL and NATS going away."""
    async with worker.opened(NAME, settings, subjects.REGION, lambda _: subjects.REGION) as tools:

        async def tidy() -> None:
            await worker.tidy(tools.outbox, [HOME_ID])
            await sessions.sweep()

        async def end_day() -> None:
            async with transaction(HOME_ID):
                await feed.end_day()

        await worker.work(
            tools.relay.run(),
            tools.relay.listen(subjects.REGION),
            Sealer(tools.outbox, lambda: {HOME_ID: None}).run(),
            *(
                Batches(
                    tools.connections, Place(subjects.REGION, stream, "region", HOME_ID), work, facts.give_up
                ).run()
                for stream, work in facts.HANDLERS.items()
            ),
            Consumers(tools.connections, lambda: [ANSWERS], answers.HANDLERS).run(),
            worker.every(worker.SWEEP_SECONDS, pulse.beat),
            worker.every(feed.LOOK_SECONDS, end_day),
            worker.every(worker.TIDY_SECONDS, tidy),
        )


def main() -> None:
    """Run the worker with the settings of the environment."""
    settings = Settings.from_environment(os.environ)
    worker.start(NAME, VERSION, settings, lambda pulse: run(settings, pulse))


if __name__ == "__main__":
    main()
