"""The people of the region's demo: the command centre's commander and duty officer. Pure."""

from identity109.demo_people import DemoPerson, Seat, person
from identity109.permissions import REGION_ROLES
from tenancy109.model import REGION

COMMAND, DUTY = "region.command", "region.duty"


def groups() -> tuple[str, ...]:
    """Every group of the region in the realm, parents before their children."""
    return ("/region", *(f"/region/{role}" for role in REGION_ROLES))


def people() -> tuple[DemoPerson, ...]:
    """Everybody who can sign in."""
    return tuple(person(name, [Seat(REGION, "region-command")]) for name in (COMMAND, DUTY))
