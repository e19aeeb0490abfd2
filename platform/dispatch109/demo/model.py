"""What the demo data are made of: the people who act, ids that follow from the seed, and the rows to write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from uuid import UUID

Row = tuple[object, ...]


class NotYet(Exception):
    """This step lies after the end of the demo history: the ticket stays where it is."""


class NobodyWorksHere(Exception):
    """A tenant lacks the demo people in whose name its history would be written."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a role in the tenant; `subject` is None for the platform itself."""

    subject: UUID | None
    name: str


SYSTEM = Person(None, "109")


@dataclass(frozen=True)
class Cast:
    """Who works in a tenant: those who take calls, the senior, and one executor for each service."""

    operators: tuple[Person, ...]
    senior: Person
    executors: Mapping[str, Person]


@dataclass
class Rows:
    """Rows by table, in the order of `repository.COLUMNS`."""

    contact: list[Row] = field(default_factory=list)
    ticket: list[Row] = field(default_factory=list)
    call: list[Row] = field(default_factory=list)
    history: list[Row] = field(default_factory=list)
    assignment: list[Row] = field(default_factory=list)
    callback: list[Row] = field(default_factory=list)
    callback_attempt: list[Row] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)


def uuid7_at(random: Random, at: datetime) -> UUID:
    """A UUIDv7 (RFC 9562) of a past moment whose random part comes from the seed."""
    milliseconds = int(at.timestamp() * 1000)
    bits = random.getrandbits(74)
    return UUID(
        int=milliseconds << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & 0x3FFF_FFFF_FFFF_FFFF
    )


def shares(total: int, populations: Mapping[int, int]) -> dict[int, int]:
    """`total` divided by population, to the last one (largest remainder)."""
    everybody = sum(populations.values()) or 1
    exact = {key: total * people / everybody for key, people in populations.items()}
    given = {key: int(share) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (given[key] - exact[key], key))
    for key in by_remainder[: total - sum(given.values())]:
        given[key] += 1
    return given
