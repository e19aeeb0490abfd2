"""Two tenants of a service that know nothing of each other: both filled, both with a person in every role."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
from tests import hub_makers, makers
from tests.databases import Databases, storing
from tests.integration.isolation.conftest import filled
from tests.integration.region import facts
from tests.prove.ground import people
from tests.prove.ground.people import NOBODY, Caller
from tests.prove.ground.routes import PLACES, Route
from tests.prove.ground.services import DISPATCH, HUB, REGION, Served, Service, issuer_of

from chassis109.kernel import clock
from chassis109.kernel.settings import read_keys
from chassis109.store.unit import DatabaseUnavailable
from dispatch109.contacts import service as contacts
from dispatch109.execution import repository as attachments
from identity109.permissions import HUB_ROLES, REGION_ROLES, ROLES
from region109.alerts import service as alerts
from region109.alerts.model import Wish as Alert
from region109.mandates import service as mandates
from region109.mandates.model import Wish as Mandate
from tenancy109 import directory
from tenancy109.model import REGION as HOME
from tenancy109.model import Tenant

UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TABLE_OF = {"photo": "attachment", "written": "incident"}
"""Parameters of a path that are not called like the table whose id they are."""


@dataclass
class Side:
    """One tenant: who works in it, what of it others could name, and what of it nobody else may ever see."""

    slug: str
    number: int
    mark: str
    phone: str = ""
    callers: dict[str, Caller] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    canaries: frozenset[str] = frozenset()
    cursors: dict[str, str] = field(default_factory=dict)
    inside: Caller = NOBODY
    """Somebody with rights there, who attacks nobody."""


@dataclass
class World:
    """A service and two of its tenants."""

    served: Served
    superuser: asyncpg.Pool
    http: httpx.AsyncClient
    sides: dict[str, Side]
    prepared: bool = False
    """Whether the attack has made what it needs."""

    @property
    def service(self) -> Service:
        """Which one."""
        return self.served.service

    async def id_of(self, parameter: str, side: Side) -> str:
        """An object of a side that such a parameter of a path can name. Raises LookupError when there is none."""
        if parameter not in side.ids:
            name = parameter.removesuffix("_id")
            table = TABLE_OF.get(name, name)
            schema = self.service.name
            tenant = "territory" if schema == "region" and table in {"ticket", "handoff"} else "tenant_id"
            where = f"WHERE {tenant} = {side.number}" if schema != "region" or tenant == "territory" else ""
            try:
                found = await self.superuser.fetchval(
                    f"SELECT id FROM {schema}.{table} {where} ORDER BY id LIMIT 1"
                )
            except asyncpg.UndefinedTableError:
                found = None
            if found is None:
                raise LookupError(f"no row of {schema}.{table} for the path's {{{parameter}}}")
            side.ids[parameter] = str(found)
        return side.ids[parameter]

    async def values(self, route: Route, side: Side) -> dict[str, str]:
        """What stands in the path of a route when it names what a side has."""
        return {
            name: side.slug if name in {"slug", "territory"} else await self.id_of(name, side)
            for name in route.parameters if name not in PLACES
        }  # fmt: skip

    async def fingerprint(self, side: Side) -> Mapping[str, str]:
        """A digest a table of where every row of a side stands and who wrote it; of the region every row there is."""
        if not hasattr(self, "_fingerprint"):
            self._fingerprint = await self._digests()
        rows = await self.superuser.fetch(self._fingerprint, side.number)
        return {row["name"]: row["digest"] for row in rows}

    async def remember(self, side: Side) -> None:
        """Collect what of a side nobody else may see: its mark, its phone, every id of its rows."""
        found = {side.mark, side.phone} - {""}
        owned, where = await self._owned(), f"t.tenant_id = {side.number}"
        if self.service is REGION:
            owned, where = [("region", "ticket"), ("region", "handoff")], f"t.territory = {side.number}"
        for schema, table in owned:
            rows = await self.superuser.fetch(
                f"SELECT to_jsonb(t)::text AS row FROM {schema}.{table} t WHERE {where}"
            )
            found.update(*(UUIDS.findall(row["row"]) for row in rows))
        side.canaries = frozenset(found)

    async def _owned(self) -> Sequence[tuple[str, str]]:
        rows = await self.superuser.fetch(
            """SELECT c.table_schema, c.table_name FROM information_schema.columns c
               JOIN information_schema.tables t USING (table_schema, table_name)
               WHERE c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE'
               AND c.table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"""
        )
        return [(row[0], row[1]) for row in rows]

    async def _digests(self) -> str:
        if self.service is REGION:
            rows = await self.superuser.fetch(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('region', 'chassis')"
            )
            tables, where = [(row[0], row[1]) for row in rows], "$1::int IS NOT NULL"
        else:
            tables, where = list(await self._owned()), "x.tenant_id = $1::int"
        return " UNION ALL ".join(
            f"""SELECT '{schema}.{table}' AS name, md5(coalesce(string_agg(r, '|' ORDER BY r), '')) AS digest
                FROM (SELECT x.ctid::text || x.xmin::text AS r FROM {schema}.{table} x WHERE {where}) q"""
            for schema, table in tables
        )


@asynccontextmanager
async def world(
    service: Service,
    slugs: tuple[str, str],
    databases: Databases,
    folder: Path,
    environment: Mapping[str, str],
) -> AsyncIterator[World]:
    """A database of its own, filled; processes on it; everybody signed in."""
    database = await databases.clone(service.template)
    served = Served(service, database, issuer_of(service), folder)
    superuser = await asyncpg.create_pool(database.superuser, min_size=1, max_size=4, timeout=120)
    limits = httpx.Limits(max_connections=40, max_keepalive_connections=40)
    try:
        async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False) as http:
            made = World(served, superuser, http, {})
            await served.serve()
            async with storing(database.app, size=4):
                await _reached()
                for slug in slugs:
                    made.sides[slug] = await FILL[service.name](slug, made, environment)
                for side in made.sides.values():
                    await _sign_in(side, made)
                    await made.remember(side)
            yield made
    finally:
        await served.stop()
        await superuser.close()


async def _dispatch(slug: str, made: World, environment: Mapping[str, str]) -> Side:
    contacts.use_keys(
        read_keys(environment, "DISPATCH_CONTACT_KEYS"), bytes.fromhex(environment["DISPATCH_INDEX_KEY"])
    )
    attachments.use_folder(made.served.folder)
    tenant = await _tenant(slug)
    mark, phone = f"Құпия-{slug}", f"+77{tenant.id:09d}"
    await filled(
        slug, text=f"{mark} мәтін", applicant=f"{mark} арыз", address=f"{mark} көшесі 1", phone=phone
    )
    for statement in (
        "UPDATE dispatch.mandate SET reason = $2 WHERE tenant_id = $1",
        "UPDATE dispatch.alert SET kk = $2, ru = $2, en = $2, expires_at = now() + interval '1 day'"
        " WHERE tenant_id = $1",
        "UPDATE tenancy.service SET names = jsonb_build_object('kk', $2::text, 'ru', $2::text, 'en', $2::text)"
        " WHERE tenant_id = $1 AND position = 1",
    ):
        await made.superuser.execute(statement, tenant.id, f"{mark} сөз")
    directory.forget()
    return Side(slug, tenant.id, mark, phone)


async def _hub(slug: str, made: World, _: Mapping[str, str]) -> Side:
    mark = f"Құпия-{slug}"
    await made.superuser.execute(
        "INSERT INTO hub.clock VALUES ($1, $2, 'P3', 60, 120, 240, 300, 600)", int(slug), f"kz.sko.{slug}.109"
    )
    for kind in ("live", "live", "exercise"):
        told = hub_makers.incident(narrative=f"{mark} мәтін", services=[slug], lead=slug)
        await hub_makers.handed_over(service=slug, incident=told, mode=kind)
    await made.superuser.execute(
        """INSERT INTO hub.unit SELECT tenant_id, id, 'A-1', $2, 'als', 'assigned', now() FROM hub.handoff
           WHERE tenant_id = $1""",
        int(slug), mark,
    )  # fmt: skip
    return Side(slug, int(slug), mark)


async def _region(slug: str, _: World, __: Mapping[str, str]) -> Side:
    territory = {"petropavl": 1}.get(slug, 2)
    mark, ticket = f"Құпия-{slug}", facts.ticket(slug)
    await facts.project(facts.feed_of([ticket, facts.handoff(slug)], first=territory * 100))
    commander, until = makers.person(await _tenant(HOME), "region-command"), clock.now() + timedelta(hours=4)
    await mandates.issue(Mandate(slug, "escalate", ticket.id, "", mark, until), commander)
    await alerts.issue(Alert("flood", mark, mark, mark, (slug,), until), commander)
    return Side(slug, territory, mark)


FILL = {"dispatch": _dispatch, "hub": _hub, "region": _region}


async def _reached() -> None:
    """On a machine that is busy with other stacks the first connection may take long."""
    for _ in range(10):
        with suppress(DatabaseUnavailable):
            await directory.all()
            return
    await directory.all()


async def _tenant(slug: str) -> Tenant:
    found = await directory.find(slug)
    assert found is not None, slug
    return found


async def _sign_in(side: Side, made: World) -> None:
    """Somebody in every role; at the region the people of the tenants, who are nobody there."""
    served, http = made.served, made.http
    side.callers["nobody"] = NOBODY
    if served.service is REGION:
        side.inside = await _inside(made, await _tenant(HOME), "region-command")
        for role in ROLES:
            outsider = people.stranger(f"{role}.{side.slug}", f"/tenants/{side.slug}/{role}")
            side.callers[role] = await people.caller(served, outsider, http)
        return
    tenant = await _tenant(side.slug)
    side.inside = await _inside(made, tenant, "hub-lead" if served.service is HUB else "senior")
    for role in HUB_ROLES if served.service is HUB else ROLES:
        service = "akimat" if role == "executor" else None
        client = f"service-{side.slug}" if role == "machine" else ""
        person = await people.member(tenant, role, service, client=client)
        side.callers[role] = await people.caller(served, person, http)
    if served.service is DISPATCH:
        for role in REGION_ROLES:
            side.callers[role] = await people.caller(served, people.stranger(role, f"/region/{role}"), http)
    people_here = await made.superuser.fetchval(
        "SELECT subject FROM identity.membership WHERE tenant_id = $1 ORDER BY subject LIMIT 1", tenant.id
    )
    side.ids["subject"] = str(people_here)


async def _inside(made: World, tenant: Tenant, role: str) -> Caller:
    """Somebody who works there and attacks nobody."""
    person = await people.member(tenant, role, name=f"inside.{tenant.slug}")
    return await people.caller(made.served, person, made.http)


def nowhere(service: Service) -> str:
    """The slug of a tenant that does not exist."""
    return "199" if service is HUB else "atlantis"
