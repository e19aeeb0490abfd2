"""Taking over a changed tenant registry while the stack runs: a new district needs no restart."""

import asyncio

from stack109 import starting
from stack109.environment import Stack


def take_over(stack: Stack) -> None:
    """The registry into the database first: it refuses what is wrong before anything else has changed."""
    asyncio.run(starting.apply_tenants(stack))
    stack.nats.take_over()
    asyncio.run(starting.admit_tenants(stack))
