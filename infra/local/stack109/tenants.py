"""Taking over a changed tenant registry while the stack runs: a new district needs no restart."""

import asyncio

from stack109 import starting, state
from stack109.environment import Stack


def take_over(stack: Stack) -> None:
    """Accounts in the broker, the registry in the database, people in Keycloak; each safe to repeat."""
    stack.nats.prepare()
    known = state.read(stack.instance.folder)
    if known and (broker := known.parts.get("nats")) and broker.is_alive():
        stack.nats.reload(broker.pid)
    asyncio.run(starting.apply_registry(stack))
