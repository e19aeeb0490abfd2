"""The product with one thing broken on purpose: what the proofs must see.

The two factories serve the application whole; only a request whose header `X-Broken` names a mutation meets it, so that
the same call to the same process shows what it is answered with and without. `IN_THE_DATABASE` is broken inside a
transaction that is taken back.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from litestar import Litestar

from chassis109.bus import subjects
from chassis109.web import paging
from dispatch109.app import create_app
from dispatch109.live import create_app as create_live
from identity109 import guard
from identity109.permissions import ROLES
from tenancy109 import directory
from tenancy109.model import Catalogue

HEADER = "X-Broken"
Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]
_BROKEN: ContextVar[str] = ContextVar("broken", default="")

IN_THE_DATABASE = {
    "row-level security off": (
        "dispatch.ticket", {"shown", "told", "changed"},
        "ALTER TABLE dispatch.ticket DISABLE ROW LEVEL SECURITY",
    ),
    "a policy that lets everybody in": (
        "dispatch.contact", {"shown", "told", "changed"},
        "ALTER POLICY tenant ON dispatch.contact USING (true) WITH CHECK (true)",
    ),
    "a policy that does not look at what is written": (
        "dispatch.contact", {"told", "changed"},
        "ALTER POLICY tenant ON dispatch.contact WITH CHECK (true)",
    ),
    "the policy no longer forced upon the owner": (
        "dispatch.ticket", {"shown", "told", "changed"},
        "ALTER TABLE dispatch.ticket NO FORCE ROW LEVEL SECURITY",
    ),
    "a key without the tenant": (
        "chassis.idempotency", {"told"},
        "ALTER TABLE chassis.idempotency DROP CONSTRAINT idempotency_pkey,"
        " ADD CONSTRAINT idempotency_pkey PRIMARY KEY (actor_id, key)",
    ),
    "a reference without the tenant": (
        "dispatch.history", {"told"},
        "ALTER TABLE dispatch.history DROP CONSTRAINT history_tenant_id_ticket_id_fkey;"
        " CREATE UNIQUE INDEX ticket_of_all ON dispatch.ticket (id); ALTER TABLE dispatch.history"
        " ADD CONSTRAINT history_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES dispatch.ticket (id)",
    ),
    "a view with its owner's rights": (
        "dispatch.everything", {"shown", "told"},
        "CREATE VIEW dispatch.everything AS SELECT * FROM dispatch.ticket;"
        " GRANT SELECT ON dispatch.everything TO dispatch_app",
    ),
}  # fmt: skip
"""What is broken: the table or view, the oracles that see it, and how."""


def web() -> Asgi:
    """The web process in which a request may break the guard, the cursors or the cache of the catalogue."""
    _break_guard()
    _break_cursors()
    _break_cache()
    return _listening(create_app())


def live() -> Litestar:
    """A live process that listens to everybody's news and gives them to everybody."""
    subjects.ui = lambda _, kind: f"ui.*.{kind}"
    return create_live()


def _listening(app: Litestar) -> Asgi:
    async def answer(scope: Scope, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        _BROKEN.set(headers.get(HEADER.lower().encode(), b"").decode())
        await app(scope, receive, send)  # type: ignore[arg-type]

    return answer


def _break_guard() -> None:
    """Whoever is signed in somewhere is let in everywhere, with every role."""
    agreed = guard.agreed

    def everything(*said: Any, **more: Any) -> Any:
        return (frozenset(ROLES), None) if _BROKEN.get() == "guard" else agreed(*said, **more)

    guard.agreed = everything


def _break_cursors() -> None:
    """A page marker is taken whoever it was made for."""
    decode = paging.decode

    def anybodys(cursor: str | None, tenant: int, key: Any) -> Any:
        if not cursor or _BROKEN.get() != "cursor":
            return decode(cursor, tenant, key)
        raw = paging.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        _, *values = paging.msgspec.json.decode(raw)
        return decode(paging.encode(tenant, *values), tenant, key)

    paging.decode = anybodys


def _break_cache() -> None:
    """The catalogue is remembered without saying whose it is."""
    read, held = directory.catalogue, list[Catalogue]()

    async def catalogue(tenant_id: int) -> Catalogue:
        if _BROKEN.get() != "cache":
            return await read(tenant_id)
        if not held:
            held.append(await read(tenant_id))
        return held[0]

    directory.catalogue = catalogue
