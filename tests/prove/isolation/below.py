"""The layer below HTTP: the application's role, in the unit of work of one tenant, against every row of another.

Everything happens in one transaction that is taken back: the statements, the proof what they changed, and what is
broken on purpose. The twin of a statement is the same one once the other tenant has no rows at all: whatever is
answered differently tells that it has some.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import asyncpg
from tests.prove.ground.services import REGION
from tests.prove.ground.world import UUIDS, World
from tests.prove.isolation.oracles import Finding
from tests.prove.isolation.statements import Statement, statements
from tests.prove.isolation.tables import Reachable, reachable

from chassis109.store.migrate import LINT

WAIT = "30s"


@dataclass
class Below:
    """One attack on a database: who attacks whom, what there is, what was found."""

    connection: asyncpg.Connection
    role: str
    ours: int
    theirs: int
    found: Reachable
    marks: frozenset[str]
    tried: int = 0
    findings: list[Finding] = field(default_factory=list)

    async def attack(self, todo: Sequence[Statement]) -> None:
        """Every statement, then every one again without the other tenant."""
        told = [await self._tried(statement) for statement in todo]
        await self._without_them()
        for statement, answer in zip(todo, told, strict=True):
            if (twin := await self._sent(statement)) != answer:
                self._say("told", statement, f"{answer[:200]}, without them {twin[:200]}")

    async def _tried(self, statement: Statement) -> str:
        self.tried += 1
        before = await self._digest(statement)
        answer = await self._sent(statement, before)
        named = " ".join(map(str, statement.arguments))
        if seen := sorted(mark for mark in self.marks if mark in answer and mark not in named):
            self._say("shown", statement, f"{seen[:3]} in {answer[:200]}")
        return answer

    async def _sent(self, statement: Statement, before: str | None = None) -> str:
        """What the role is told in the unit of work of its tenant; it is undone."""
        await self.connection.execute(
            f"SAVEPOINT attack; SET LOCAL SESSION AUTHORIZATION {self.role};"
            f" SELECT set_config('app.tenant', '{self.ours}', true)"
        )
        try:
            answer = await self._answer(statement)
            await self.connection.execute("SET LOCAL SESSION AUTHORIZATION DEFAULT")
            if before is not None and await self._digest(statement) != before:
                self._say("changed", statement, answer[:200])
        except asyncpg.PostgresError as refused:
            answer = f"{refused.sqlstate} {refused} {refused.as_dict().get('detail', '')}"
        await self.connection.execute("ROLLBACK TO SAVEPOINT attack; RELEASE SAVEPOINT attack")
        return answer

    async def _answer(self, statement: Statement) -> str:
        if not statement.reads:
            return str(await self.connection.execute(statement.sql, *statement.arguments))
        rows = await self.connection.fetch(statement.sql, *statement.arguments)
        return f"{len(rows)} rows " + " | ".join(sorted(str(tuple(row.values())) for row in rows))

    async def _digest(self, statement: Statement) -> str | None:
        """Of their rows in the table; reading changes nothing unless a function does it."""
        if statement.reads:
            return None
        return str(
            await self.connection.fetchval(
                f"SELECT md5(coalesce(string_agg(x::text, '|' ORDER BY x::text), '')) FROM {statement.on} x"
                f" WHERE tenant_id = {self.theirs}"
            )
        )

    async def _without_them(self) -> None:
        removed = "".join(
            f"DELETE FROM {table.name} WHERE tenant_id = {self.theirs};" for table in self.found.tables
        )
        await self.connection.execute(
            f"SET LOCAL session_replication_role = replica; {removed} SET LOCAL session_replication_role = origin"
        )

    def _say(self, oracle: str, statement: Statement, detail: str) -> None:
        self.findings.append(Finding(oracle, statement.name, statement.on, self.role, detail))


async def numbers(world: World) -> tuple[int, int]:
    """Attacker and attacked. The region has one tenant, itself: somebody else's number attacks it."""
    first, second = (side.number for side in world.sides.values())
    if world.service is not REGION:
        return first, second
    home = await world.superuser.fetchval("SELECT DISTINCT tenant_id FROM identity.membership")
    return first, int(home)


@asynccontextmanager
async def opened(
    world: World, ours: int, theirs: int, *, owner: bool = False, breaks: str = ""
) -> AsyncIterator[Below]:
    """A transaction in which the database may be broken first and is whole again afterwards."""
    role = f"{world.service.name}_{'owner' if owner else 'app'}"
    connection = await asyncpg.connect(world.served.database.superuser, statement_cache_size=0, timeout=60)
    try:
        await connection.execute(f"BEGIN; SET LOCAL lock_timeout = '{WAIT}'; {breaks}")
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        found = await reachable(connection, role, ours, theirs)
        yield Below(connection, role, ours, theirs, found, await _marks(connection, found, ours, theirs))
    finally:
        await connection.close()


async def below(
    world: World, ours: int, theirs: int, lot: Random, *, owner: bool = False, breaks: str = "",
    only: Iterable[str] = (),
) -> Below:  # fmt: skip
    """Attack everything that the role reaches, or the tables and views named by `only`."""
    async with opened(world, ours, theirs, owner=owner, breaks=breaks) as made:
        subject = await made.connection.fetchval(
            "SELECT subject FROM identity.membership WHERE tenant_id = $1 ORDER BY 1 LIMIT 1", theirs
        )
        todo = statements(made.found, ours, theirs, subject or UUID(int=1), lot, owner=owner)
        chosen = set(only)
        await made.attack([one for one in todo if not chosen or one.on in chosen])
        return made


async def lint(world: World, breaks: str = "") -> list[str]:
    """What the catalogue lint of the migrations says of the database as it is, or broken."""
    connection = await asyncpg.connect(world.served.database.superuser, timeout=60)
    try:
        await connection.execute(f"BEGIN; SET LOCAL lock_timeout = '{WAIT}'; {breaks}")
        return [" ".join(map(str, row.values())) for row in await connection.fetch(LINT.read_text("utf-8"))]
    finally:
        await connection.close()


async def _marks(connection: asyncpg.Connection, found: Reachable, ours: int, theirs: int) -> frozenset[str]:
    """Ids that stand in rows of theirs and in none of ours."""
    seen: dict[int, set[str]] = {ours: set(), theirs: set()}
    for table in found.tables:
        for tenant, ids in seen.items():
            rows = await connection.fetch(
                f"SELECT to_jsonb(t)::text AS row FROM {table.name} t WHERE tenant_id = {tenant}"
            )
            ids.update(*(UUIDS.findall(row["row"]) for row in rows))
    return frozenset(seen[theirs] - seen[ours])
