"""A message as a verb leaves it behind, and as a handler finds it: values that know neither store nor broker."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7

WAITS = timedelta(
    seconds=8
)  # decision 0016: longer than a reader that died keeps a message (infra/nats/streams.py)


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message for the bus. Messages of one `key` leave in the order they were written."""

    subject: str
    key: str
    payload: bytes
    message_id: UUID = field(default_factory=uuid7)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a handler sees it. Order per key holds while this process runs, but a message that was put
    aside is missing, and a restart may bring an early one late: compare versions.

    `at` is when the stream stored it (UTC), `sequence` its number there, `deliveries` counts from 1, `source` names
    stream and durable: under it inbox and quarantine keep the message. `waited` is how long it has waited here for
    those before it while they could have come; None: nobody counted.
    """

    subject: str
    message_id: UUID
    payload: bytes
    at: datetime
    deliveries: int = 1
    source: str = ""
    sequence: int = 0
    waited: timedelta | None = None

    @property
    def young(self) -> bool:
        """Whether those before it may still come: a handler that misses one raises NotYet only so long. What waited in
        the stream while nobody was there, or here while the database did not answer, has waited for nobody."""
        return (clock.now() - self.at if self.waited is None else self.waited) < WAITS
