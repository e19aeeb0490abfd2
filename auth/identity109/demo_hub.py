"""The people of the hub's demo: two operators a desk, one lead for all of them, and the machines. Pure."""

from collections.abc import Sequence

from identity109.demo_people import DemoPerson, Seat, person
from identity109.permissions import HUB_ROLES

LEAD = "lead.112"


def groups(codes: Sequence[str]) -> tuple[str, ...]:
    """Every group of the realm for these desks, parents before their children."""
    desks = [f"/services/{code}" for code in codes]
    return ("/services", *desks, *(f"{desk}/{role}" for desk in desks for role in HUB_ROLES))


def people(codes: Sequence[str]) -> tuple[DemoPerson, ...]:
    """Everybody who can sign in: `operator.<code>`, `operator2.<code>` and the lead."""
    operators = [
        person(f"{name}.{code}", [Seat(code, "hub-operator")])
        for code in codes
        for name in ("operator", "operator2")
    ]
    seats = [Seat(code, "hub-lead") for code in codes]
    if "112" in codes:
        seats.append(Seat("112", "hub-operator"))
    return (*operators, person(LEAD, seats))


def machines(codes: Sequence[str]) -> tuple[DemoPerson, ...]:
    """The service accounts of the clients `service-<code>`; the realm has made them, they have no password."""
    return tuple(
        DemoPerson(f"service-account-service-{code}", "", "", "ru", (Seat(code, "machine"),))
        for code in codes
    )
