"""Groups and demo people in Keycloak and in our database: desired, compared, applied, read again, asserted."""

import json
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import pbkdf2_hmac
from itertools import groupby
from typing import Any
from uuid import UUID

from chassis109.kernel import clock
from chassis109.store import journal
from chassis109.store.journal import AuditEntry
from chassis109.store.unit import transaction
from identity109 import demo_hub, demo_people, demo_region, repository
from identity109.demo_people import DemoPerson, Seat
from identity109.keycloak_staff import Account, KeycloakRefused, KeycloakStaff
from tenancy109 import directory

_ITERATIONS = 210_000


@dataclass(frozen=True, slots=True)
class Difference:
    """What Keycloak lacks or has too much; people who are not of the demo are never touched."""

    groups: tuple[str, ...]
    people: tuple[DemoPerson, ...]
    renamed: tuple[tuple[UUID, DemoPerson], ...]
    joining: tuple[tuple[UUID, str], ...]
    leaving: tuple[tuple[UUID, str], ...]

    def __bool__(self) -> bool:
        return any((self.groups, self.people, self.renamed, self.joining, self.leaving))

    def __str__(self) -> str:
        return (
            f"{len(self.groups)} groups and {len(self.people)} people to create, {len(self.renamed)} to update,"
            f" {len(self.joining)} to join and {len(self.leaving)} to leave a group"
        )


@dataclass(frozen=True, slots=True)
class State:
    """The realm as it is: group ids by path, accounts by username, members by group path."""

    groups: Mapping[str, str]
    accounts: Mapping[str, Account]
    members: Mapping[str, set[UUID]]


async def read(
    staff: KeycloakStaff, wanted_groups: Sequence[str], machines: Mapping[str, Account] | None = None
) -> State:
    """The part of the realm that concerns the wanted groups; lists of people leave service accounts out."""
    groups, accounts = await staff.groups(), {**await staff.accounts(), **(machines or {})}
    paths = {groups[path]: path for path in wanted_groups if path in groups and path.count("/") > 1}
    members = await staff.members(paths)
    return State(groups, accounts, {paths[group_id]: subjects for group_id, subjects in members.items()})


def compare(state: State, groups: Sequence[str], people: Sequence[DemoPerson]) -> Difference:
    """What must be done so that `state` becomes what is wanted."""
    known = [
        (person, state.accounts[person.username]) for person in people if person.username in state.accounts
    ]
    subjects = {account.subject: person for person, account in known}
    return Difference(
        groups=tuple(path for path in groups if path not in state.groups),
        people=tuple(person for person in people if person.username not in state.accounts),
        renamed=tuple(
            (account.subject, person) for person, account in known if not _is_as_wanted(account, person)
        ),
        joining=tuple(
            (subject, path)
            for subject, person in subjects.items()
            for path in sorted(person.groups)
            if subject not in state.members.get(path, set())
        ),
        leaving=tuple(
            (subject, path)
            for path, members in state.members.items()
            for subject in sorted(members & subjects.keys())
            if path not in subjects[subject].groups
        ),
    )


async def apply(staff: KeycloakStaff, state: State, difference: Difference) -> None:
    """Write the difference."""
    ids = dict(state.groups)
    for _, level in groupby(sorted(difference.groups, key=_depth), _depth):
        await staff.add_groups(level, ids)
    password = _hashed(demo_people.PASSWORD)
    await staff.add_people(
        {**_representation(person), "credentials": [password], "groups": sorted(person.groups)}
        for person in difference.people
    )
    await staff.rename((subject, _representation(person)) for subject, person in difference.renamed)
    await staff.join((subject, ids[path]) for subject, path in difference.joining)
    await staff.leave((subject, ids[path]) for subject, path in difference.leaving)


async def provision_demo(staff: KeycloakStaff, services: Mapping[str, Sequence[str]]) -> Difference:
    """Make realm and database equal to the demo for the service codes of each tenant; what had to be done."""
    return await _provision(staff, demo_people.groups(list(services)), demo_people.people(services))


async def provision_hub(staff: KeycloakStaff, codes: Sequence[str]) -> Difference:
    """The same for the hub: its desks, their people, and the machines' accounts, which the realm must have."""
    return await _provision(staff, demo_hub.groups(codes), demo_hub.people(codes), demo_hub.machines(codes))


async def provision_region(staff: KeycloakStaff) -> Difference:
    """The same for the region: its own people in the realm that it shares with the tenants."""
    return await _provision(staff, demo_region.groups(), demo_region.people())


async def _provision(
    staff: KeycloakStaff,
    groups: Sequence[str],
    people: Sequence[DemoPerson],
    machines: Sequence[DemoPerson] = (),
) -> Difference:
    """A second run changes nothing. Raises KeycloakRefused when the realm is not as wanted afterwards."""
    own = {machine.username: await _account_of(staff, machine) for machine in machines}
    everybody = (*people, *machines)
    state = await read(staff, groups, own)
    difference = compare(state, groups, everybody)
    if difference:
        await apply(staff, state, difference)
        state = await read(staff, groups, own)
        if left := compare(state, groups, everybody):
            raise KeycloakRefused(f"after provisioning there are still {left}")
    await _record({person: state.accounts[person.username].subject for person in everybody})
    return difference


async def _account_of(staff: KeycloakStaff, machine: DemoPerson) -> Account:
    account = await staff.account(machine.username)
    if account is None:
        raise KeycloakRefused(f"the realm has no client {machine.name} with a service account")
    return account


async def _record(subjects: Mapping[DemoPerson, UUID]) -> None:
    """The database's half: people, and an active membership for every seat."""
    async with transaction(None):
        await repository.remember_people(
            [(subject, person.username, person.name, person.language) for person, subject in subjects.items()]
        )
    for slug in sorted({seat.slug for person in subjects for seat in person.seats}):
        tenant = await directory.find(slug)
        if tenant is None:
            raise LookupError(f"{slug} is not in the database: apply the tenants first")
        seats = [
            (subjects[person], seat) for person in subjects for seat in person.seats if seat.slug == slug
        ]
        async with transaction(tenant.id):
            await _record_seats(seats)
            usernames = [person.username for person in subjects]
            await repository.withdraw_replaced(tenant.id, usernames, list(subjects.values()), clock.now())


async def _record_seats(seats: Sequence[tuple[UUID, Seat]]) -> None:
    changed = await repository.grant(
        [subject for subject, _ in seats],
        [seat.role for _, seat in seats],
        [seat.service for _, seat in seats],
        by=None,
        at=clock.now(),
    )
    if changed:
        entry = AuditEntry("membership.provisioned", "tenant", seats[0][1].slug, {"people": len(changed)})
        await journal.write(None, "system", [entry])


def _depth(path: str) -> int:
    return path.count("/")


def _is_as_wanted(account: Account, person: DemoPerson) -> bool:
    names = (account.first_name, account.last_name) == (person.first_name, person.last_name)
    return names and account.enabled


def _representation(person: DemoPerson) -> dict[str, Any]:
    """Keycloak's UserRepresentation. The address never receives mail; without one Keycloak asks for it at sign-in."""
    return {
        "username": person.username,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "email": f"{person.username}@demo.invalid",
        "emailVerified": True,
        "enabled": True,
    }


def _hashed(password: str) -> dict[str, str]:
    """A CredentialRepresentation with the hash made here, once for all demo people.

    Keycloak would spend 0.1–0.2 s of both cores on each of 270 equal passwords; at the first sign-in it hashes anew
    by the realm's own policy.
    """
    salt = os.urandom(16)
    value = pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    secret = {"value": b64encode(value).decode(), "salt": b64encode(salt).decode()}
    method = {"hashIterations": _ITERATIONS, "algorithm": "pbkdf2-sha512"}
    return {"type": "password", "secretData": json.dumps(secret), "credentialData": json.dumps(method)}
