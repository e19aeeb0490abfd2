"""A territory: a tenant of the registry as the region knows it. Pure."""

from msgspec import Struct

from tenancy109.model import Names

HOME_ID = 100
"""The number of the region itself in its own database; no tenant of the registry has it."""


class Territory(Struct, frozen=True):
    """A tenant that may speak to the region."""

    id: int
    slug: str
    kind: str
    names: Names
    active: bool
