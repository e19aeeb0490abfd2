"""The unit of work: one connection, one transaction, one tenant.

Piccolo's own transaction loses a pool connection on a failing COMMIT and lets a nested block switch the
tenant (measured: stack-facts §2.2), so the chassis owns the transaction and Piccolo runs inside it.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import Token
from typing import Any, Literal, cast

import asyncpg
import structlog
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.querystring import QueryString
from piccolo.table import Table

from chassis109.kernel import clock
from chassis109.kernel.errors import Malformed, Unavailable
from chassis109.store.geometry import init_connection

log = structlog.get_logger()

ACQUIRE_SECONDS = 5

AfterCommit = Callable[[], Awaitable[None] | None]


class NoUnitOfWork(RuntimeError):
    """A query was sent outside a unit of work (row-level security would silently answer nothing)."""


class TenantMismatch(RuntimeError):
    """A unit of work of one tenant was asked to work for another."""


class Unstorable(Malformed):
    """A value cannot be stored: it holds a character or a number that the database does not know."""


class DatabaseUnavailable(Unavailable):
    """The database is not reachable right now; nothing was saved. Try again in a moment."""


# What asyncpg raises when the server is away, restarting, out of connections or out of disk.
_AWAY: tuple[type[BaseException], ...] = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # a deadlock: this transaction was chosen to be undone
    asyncpg.InternalClientError,  # the server's last words came between two statements and confused asyncpg
)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn a lost connection into DatabaseUnavailable and a hostile value into Unstorable; the rest passes.

    Fields are checked before they come here; Unstorable is the net below, so that no input is our fault.
    """
    try:
        yield
    except (asyncpg.DataError, asyncpg.CharacterNotInRepertoireError, UnicodeEncodeError) as error:
        raise Unstorable from error
    except _AWAY as away:
        raise DatabaseUnavailable from away
    except OSError as away:  # a multi-address connect failure is a bare OSError
        raise DatabaseUnavailable from away
    except asyncpg.InterfaceError as error:
        if "closed" in str(error) or "released back" in str(error):  # current() has refused an ended unit
            raise DatabaseUnavailable from error
        raise


class Unit(PostgresTransaction):
    """A transaction that carries its tenant and gives its connection back whatever happens."""

    __slots__ = ("after", "outer", "pool", "running", "tenant")

    def __init__(self, engine: "Engine", tenant: int | None) -> None:
        super().__init__(engine, allow_nested=True)
        self.tenant = tenant
        self.after: list[AfterCommit] = []
        self.pool = engine.connections()
        self.running = False
        around = cast("Unit | None", self._parent)
        self.outer = around if around is not None and around.running else None
        if self.outer is not None and self.outer.tenant != tenant:
            raise TenantMismatch(f"inside tenant {self.outer.tenant}, asked for {tenant}")

    async def __aenter__(self) -> "Unit":
        if self.outer is not None:
            return self.outer
        with _refusals():
            self.connection = await self.pool.acquire(timeout=ACQUIRE_SECONDS)
        try:
            # One round trip opens the transaction and names the tenant, before any other statement can run.
            tenant = "" if self.tenant is None else str(int(self.tenant))
            with _refusals():
                await self.connection.execute(f"BEGIN; SELECT set_config('app.tenant', '{tenant}', true)")
        except BaseException:
            with suppress(DatabaseUnavailable), _refusals():
                await self.pool.release(self.connection)
            raise
        self.context: Token[Any] = self.engine.current_transaction.set(self)
        self.running = True
        return self

    async def __aexit__(self, exc_type: Any, exc: Any, tb: Any) -> Literal[False]:  # noqa: ANN401
        if self.outer is not None:
            return False
        try:
            if exc_type is None:
                with _refusals():
                    await self.connection.execute("COMMIT")
            else:
                with suppress(DatabaseUnavailable), _refusals():
                    await self.connection.execute("ROLLBACK")
        finally:
            self.running = False
            self.engine.current_transaction.reset(self.context)
            # What is committed stays committed when the connection dies on its way back.
            with suppress(DatabaseUnavailable), _refusals():
                await self.pool.release(self.connection)
        if exc_type is None:
            await self._tell()
        return False

    async def _tell(self) -> None:
        for callback in self.after:
            try:
                result = callback()
                if inspect.isawaitable(result):
                    await result
            except Exception as error:  # what is committed is committed: the caller must not hear otherwise
                log.error("unit.after_commit_failed", error=type(error).__name__)


class Engine(PostgresEngine):
    """Piccolo's engine without its own transactions, and with no query outside a unit of work."""

    async def check_version(self) -> None:
        """Not at construction: the process must start while PostgreSQL is away."""

    def transaction(self, allow_nested: bool = True) -> Any:  # noqa: ANN401 - Piccolo's signature
        """Refused: Piccolo's own transaction knows no tenant."""
        raise NoUnitOfWork("use chassis109.store.unit.transaction(tenant)")

    def connections(self) -> "asyncpg.Pool[asyncpg.Record]":
        """The open pool."""
        if self.pool is None:
            raise NoUnitOfWork("the store is not open")
        return self.pool

    def unit(self, tenant: int | None) -> Unit:
        """A new unit of work, or the running one of the same tenant."""
        return Unit(self, tenant)

    async def batch(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - Piccolo's signature
        """Refused."""
        raise NoUnitOfWork("a batch would run on a connection of its own, without the tenant")

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> list[dict[str, Any]]:
        """Inside a unit of work only."""
        current()
        return cast(list[dict[str, Any]], await super().run_querystring(querystring, in_pool))

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> list[dict[str, Any]]:
        """Inside a unit of work only."""
        current()
        return cast(list[dict[str, Any]], await super().run_ddl(ddl, in_pool))


_engine: Engine | None = None


async def open_store(
    dsn: str, size: int = 8, application: str = "dispatch109", statement_seconds: float = 30
) -> None:
    """Open the process-wide pool of `size` connections (more than 8–16 only lose: stack-facts §3.2)."""
    global _engine  # noqa: PLW0603 - one engine a process, opened by its entry point
    _engine = Engine({"dsn": dsn})
    await _engine.start_connection_pool(
        min_size=0,
        max_size=size,
        timeout=ACQUIRE_SECONDS,
        init=_begin,
        command_timeout=statement_seconds,
        server_settings={"application_name": application},
    )


async def _begin(connection: "asyncpg.Connection[Any]") -> None:
    """Prepare a new connection, and compare clocks: a pool renews its connections all the time."""
    await init_connection(connection)
    before = clock.own()
    theirs = await connection.fetchval("SELECT clock_timestamp()")
    if off := clock.follow(theirs, before, clock.own()):
        log.warning("clock.wrong", seconds=off.total_seconds())


async def close_store() -> None:
    """Close the pool; running units finish first."""
    global _engine  # noqa: PLW0603
    if _engine is not None:
        await _engine.close_connection_pool()
        _engine = None


def engine() -> Engine:
    """The open engine."""
    if _engine is None:
        raise NoUnitOfWork("the store is not open")
    return _engine


def bind(*tables: type[Table]) -> None:
    """Let Piccolo tables run on the open engine."""
    for table in tables:
        table._meta.db = engine()


def transaction(tenant: int | None) -> Unit:
    """A unit of work for `tenant` (None: global tables only). Joins a running unit of the same tenant.

    Raises TenantMismatch inside another tenant's unit, DatabaseUnavailable when PostgreSQL is away.
    """
    return engine().unit(tenant)


def current() -> Unit:
    """The running unit of work. A task that outlives its unit has none."""
    unit = cast("Unit | None", engine().current_transaction.get())
    if unit is None or not unit.running:
        raise NoUnitOfWork("query outside a unit of work")
    return unit


def after_commit(callback: AfterCommit) -> None:
    """Run `callback` once the running unit has committed; never when it rolled back."""
    current().after.append(callback)


async def fetch(sql: str, *args: object) -> list[asyncpg.Record]:
    """All rows of one statement in the running unit."""
    with _refusals():
        return await current().connection.fetch(sql, *args)  # type: ignore[no-any-return]


async def fetchrow(sql: str, *args: object) -> asyncpg.Record | None:
    """The first row of one statement in the running unit."""
    with _refusals():
        return await current().connection.fetchrow(sql, *args)


async def fetchval(sql: str, *args: object) -> Any:  # noqa: ANN401 - whatever the column holds
    """The first column of the first row of one statement in the running unit."""
    with _refusals():
        return await current().connection.fetchval(sql, *args)


async def execute(sql: str, *args: object) -> str:
    """Run one statement in the running unit; its command tag."""
    with _refusals():
        return await current().connection.execute(sql, *args)  # type: ignore[no-any-return]


async def lookup(sql: str, *args: object) -> Sequence[asyncpg.Record]:
    """One statement in a transaction of its own: for global tables and functions that set their own scope."""
    with _refusals():
        async with engine().connections().acquire(timeout=ACQUIRE_SECONDS) as connection:
            return await connection.fetch(sql, *args)  # type: ignore[no-any-return]
