"""What tenants say, in batches. Each runs inside the unit of work of the batch consumer."""

from collections.abc import Sequence

from chassis109.kernel.messages import Delivery
from region109.feed import service as feed


async def on_facts(batch: Sequence[Delivery]) -> None:
    """Facts become the projection; what is no fact is refused in sight."""
    await feed.project(batch)


async def on_pulses(batch: Sequence[Delivery]) -> None:
    """A tenant is alive, and says what should be here."""
    await feed.heard(batch)


async def give_up(delivery: Delivery, _: str) -> None:
    """A message with which no batch succeeds."""
    await feed.refuse(delivery)


HANDLERS = {"FEED": on_facts, "PULSE": on_pulses}
