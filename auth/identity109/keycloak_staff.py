"""Groups and people in Keycloak, through its admin API (python-keycloak, client `provisioner`)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakConnectionError, KeycloakError

from identity109.settings import ProvisionerSettings

_T = TypeVar("_T")
SIDE_BY_SIDE = 6
"""Requests at a time, each with an instance of its own."""


class KeycloakRefused(Exception):
    """Keycloak does not answer or does not let us; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person as Keycloak has it."""

    subject: UUID
    username: str
    first_name: str
    last_name: str
    enabled: bool


class KeycloakStaff:
    """Reads and writes groups by their path and people by their subject."""

    def __init__(self, admins: Sequence[KeycloakAdmin]) -> None:
        self._admins = admins

    async def groups(self) -> dict[str, str]:
        """Ids of all groups by path."""
        [admin, *_] = self._admins
        found: dict[str, str] = {}
        below: list[dict[str, Any]] = []
        for top in await admin.a_get_groups():
            found[top["path"]] = top["id"]
            below += top.get("subGroups") or []
        found |= {group["path"]: group["id"] for group in below}

        async def read(admin: KeycloakAdmin, group: dict[str, Any]) -> None:
            if group.get("subGroupCount"):
                children = await admin.a_get_group_children(group["id"])
                found.update({child["path"]: child["id"] for child in children})

        await self._each(below, read)
        return found

    async def accounts(self) -> dict[str, Account]:
        """All people by username."""
        [admin, *_] = self._admins
        users = await admin.a_get_users({"briefRepresentation": True})
        return {user["username"]: _account(user) for user in users}

    async def account(self, username: str) -> Account | None:
        """The person of exactly this username."""
        users = await self._admins[0].a_get_users({"username": username, "exact": True})
        return _account(users[0]) if users else None

    async def members(self, group_ids: Iterable[str]) -> dict[str, set[UUID]]:
        """Subjects of the direct members by group id."""
        found: dict[str, set[UUID]] = {}

        async def read(admin: KeycloakAdmin, group_id: str) -> None:
            users = await admin.a_get_group_members(group_id, {"briefRepresentation": True})
            found[group_id] = {UUID(user["id"]) for user in users}

        await self._each(group_ids, read)
        return found

    async def add_groups(self, paths: Iterable[str], known: dict[str, str]) -> None:
        """Create groups whose parents are in `known` (path to id); adds them there."""

        async def add(admin: KeycloakAdmin, path: str) -> None:
            parent, _, name = path.rpartition("/")
            group_id = await admin.a_create_group({"name": name}, parent=known[parent] if parent else None)
            if group_id is None:
                raise KeycloakRefused(f"the group {path} was created and has no address")
            known[path] = group_id

        await self._each(paths, add)

    async def add_people(self, payloads: Iterable[dict[str, Any]]) -> None:
        """Create people with password and groups, as Keycloak's UserRepresentation."""

        async def add(admin: KeycloakAdmin, payload: dict[str, Any]) -> None:
            await admin.a_create_user(payload)

        await self._each(payloads, add)

    async def rename(self, changes: Iterable[tuple[UUID, dict[str, Any]]]) -> None:
        """Update fields of people."""

        async def write(admin: KeycloakAdmin, change: tuple[UUID, dict[str, Any]]) -> None:
            await admin.a_update_user(str(change[0]), change[1])

        await self._each(changes, write)

    async def join(self, seats: Iterable[tuple[UUID, str]]) -> None:
        """Put people (subject, group id) into groups."""

        async def write(admin: KeycloakAdmin, seat: tuple[UUID, str]) -> None:
            await admin.a_group_user_add(str(seat[0]), seat[1])

        await self._each(seats, write)

    async def leave(self, seats: Iterable[tuple[UUID, str]]) -> None:
        """Take people (subject, group id) out of groups."""

        async def write(admin: KeycloakAdmin, seat: tuple[UUID, str]) -> None:
            await admin.a_group_user_remove(str(seat[0]), seat[1])

        await self._each(seats, write)

    async def _each(self, items: Iterable[_T], work: Callable[[KeycloakAdmin, _T], Awaitable[None]]) -> None:
        """Work through the items, one at a time per instance: its async calls share one header dict."""
        waiting = iter(items)

        async def one(admin: KeycloakAdmin) -> None:
            for item in waiting:
                await work(admin, item)

        async with asyncio.TaskGroup() as group:
            for admin in self._admins:
                group.create_task(one(admin))


@asynccontextmanager
async def connected(settings: ProvisionerSettings) -> AsyncIterator[KeycloakStaff]:
    """The realm's staff, with a connection per request at a time. Raises KeycloakRefused."""
    connections = [_connection(settings) for _ in range(SIDE_BY_SIDE)]
    try:
        yield KeycloakStaff([KeycloakAdmin(connection=connection) for connection in connections])
    except* (KeycloakError, KeycloakConnectionError) as group:
        [first, *_] = _leaves(group)
        raise KeycloakRefused(f"Keycloak at {settings.keycloak_url}: {first}") from group
    finally:
        for connection in connections:
            await connection.aclose()
            # The library keeps a second client for the tokens and forgets it.
            await connection.keycloak_openid.connection.aclose()


def _connection(settings: ProvisionerSettings) -> KeycloakOpenIDConnection:
    return KeycloakOpenIDConnection(
        server_url=f"{settings.keycloak_url}/",
        realm_name=settings.realm,
        client_id=settings.client_id,
        client_secret_key=settings.client_secret,
    )


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _account(user: dict[str, Any]) -> Account:
    return Account(
        subject=UUID(user["id"]),
        username=user["username"],
        first_name=user.get("firstName", ""),
        last_name=user.get("lastName", ""),
        enabled=user.get("enabled", False),
    )
