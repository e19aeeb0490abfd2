"""Databases of the tests' own, made from templates in the cluster of the running stack.

`empty`: extensions and LEAKPROOF marks only, as the bootstrap leaves it. `migrated`: all migrations. `tenants`:
the 14 tenants as well. `hub`: the hub's database with its own roles, the five desks and the agencies. `region`: the
region's, with its own roles and the 14 territories. A clone takes a fraction of a second, so a test that breaks things
takes its own.
"""

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from chassis109.store import migrate, unit
from dispatch109.migrate import PACKAGES
from hub112 import migrate as hub
from hub112.provision import provision as hub_provision
from region109 import migrate as region
from region109.provision import provision as region_provision
from tenancy109 import directory, provisioning, registry

ROOT = Path(__file__).parents[1]
END_WITH_THE_TESTS = ("test", "prove")
"""Stacks whose cluster goes with them; one of `make bench` goes on to the next figure."""
EXTENSIONS = ROOT / "infra" / "postgres" / "extensions.sql"
_numbers = count(1)
SERVICES = {"hub": (hub.PACKAGES, hub_provision), "region": (region.PACKAGES, region_provision)}
"""Services beside the dispatch: what migrates their database and what fills it."""


@dataclass(frozen=True)
class Database:
    """One database: how each role reaches it."""

    name: str
    owner: str
    app: str
    relay: str
    superuser: str


class Databases:
    """Makes databases for one run of the tests and drops them."""

    def __init__(self, environment: dict[str, str], administrator: asyncpg.Connection) -> None:
        self._environment = environment
        self._administrator = administrator
        self._templates: dict[str, Database] = {}
        self._made: list[str] = []

    @classmethod
    async def open(cls, environment: dict[str, str]) -> "Databases":
        """Connect as the superuser of the cluster."""
        return cls(environment, await asyncpg.connect(environment["POSTGRES_DSN"]))

    async def close(self) -> None:
        """Drop everything that was made; PostgreSQL may have been restarted meanwhile. A stack that ends with the tests
        takes its cluster along: each database would cost a checkpoint, minutes of them on a busy machine."""
        if self._environment.get("DISPATCH109_INSTANCE") in END_WITH_THE_TESTS:
            return await self._administrator.close()
        if self._administrator.is_closed():
            self._administrator = await asyncpg.connect(self._environment["POSTGRES_DSN"])
        for name in reversed(self._made):
            await self._administrator.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await self._administrator.close()

    async def clone(self, template: str) -> Database:
        """A new database like the template: empty, migrated, tenants, hub or region."""
        if template not in self._templates:
            self._templates[template] = await self._template(template)
        service = template if template in SERVICES else "dispatch"
        return await self._create(self._templates[template].name, service)

    async def _template(self, name: str) -> Database:
        if name == "empty":
            made = await self._create("template0")
            superuser = await asyncpg.connect(made.superuser)
            await superuser.execute(EXTENSIONS.read_text())
            await superuser.close()
            return made
        if name == "migrated":
            made = await self.clone("empty")
            await migrate.run(made.owner, PACKAGES)
            return made
        if name in SERVICES:
            packages, provision = SERVICES[name]
            made = await self._create((await self.clone("empty")).name, name)
            await migrate.run(made.owner, packages, service=name)
            async with storing(made.owner):
                await provision(ROOT / "tenants")
            return made
        made = await self.clone("migrated")
        async with storing(made.owner):
            await provisioning.apply(registry.load(ROOT / "tenants"))
        return made

    async def _create(self, template: str, service: str = "dispatch") -> Database:
        name = f"tests109_{os.getpid()}_{next(_numbers)}"
        await self._administrator.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {service}_owner'
        )
        self._made.append(name)

        def reached(variable: str) -> str:
            return urlsplit(self._environment[variable])._replace(path=f"/{name}").geturl()

        return Database(
            name,
            owner=reached(f"{service.upper()}_OWNER_DSN"),
            app=reached(f"{service.upper()}_APP_DSN"),
            relay=reached(f"{service.upper()}_RELAY_DSN"),
            superuser=reached("POSTGRES_DSN"),
        )


class storing:
    """The process-wide store on another database for a while; afterwards it is where it was."""

    def __init__(self, dsn: str, size: int = 8) -> None:
        self._dsn, self._size = dsn, size
        self._before: str | None = None

    async def __aenter__(self) -> None:
        try:
            self._before = unit.engine().config["dsn"]
        except unit.NoUnitOfWork:
            self._before = None
        await unit.close_store()
        await unit.open_store(self._dsn, self._size)
        directory.forget()

    async def __aexit__(self, *_: object) -> None:
        await unit.close_store()
        if self._before is not None:
            await unit.open_store(self._before)
        directory.forget()
