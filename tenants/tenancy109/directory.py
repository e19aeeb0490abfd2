"""The tenants as the running process knows them: read once, followed when they change, without a restart."""

import time

from msgspec import Struct

from tenancy109 import repository
from tenancy109.model import Catalogue, Tenant
from tenancy109.outlines import Outline

FRESH_SECONDS = 2.0  # a new district is known, and a closed one gone, within this time


class _Known(Struct, frozen=True):
    stamp: str
    by_slug: dict[str, Tenant]
    by_id: dict[int, Tenant]
    outlines: dict[int, Outline]


class _Cache:
    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.known: _Known | None = None
        self.checked_at = float("-inf")
        self.catalogues: dict[int, tuple[int, Catalogue]] = {}


_cache = _Cache()


async def find(slug: str) -> Tenant | None:
    """The open tenant of exactly this slug; other case, look-alike letters or a trailing dot find nothing."""
    return (await _known()).by_slug.get(slug)


async def by_id(tenant_id: int) -> Tenant | None:
    """The open tenant of this id."""
    return (await _known()).by_id.get(tenant_id)


async def all() -> list[Tenant]:
    """All open tenants, by id."""
    return list((await _known()).by_id.values())


async def outline(tenant_id: int) -> Outline:
    """The tenant's outline. Raises LookupError for a tenant that is not open."""
    return (await _known()).outlines[tenant_id]


async def catalogue(tenant_id: int) -> Catalogue:
    """The tenant's catalogue: no SQL while its version stands, else one statement.

    Raises LookupError for a tenant that is not open.
    """
    version = (await _known()).by_id[tenant_id].version
    held = _cache.catalogues.get(tenant_id)
    if held is None or held[0] != version:
        held = (version, await repository.catalogue(tenant_id))
        _cache.catalogues[tenant_id] = held
    return held[1]


def forget() -> None:
    """Read everything again at the next question (another database, tests)."""
    _cache.forget()


async def _known() -> _Known:
    """One request in two seconds looks at the database; meanwhile the others use what is known."""
    now = time.monotonic()
    if _cache.known is not None and now - _cache.checked_at < FRESH_SECONDS:
        return _cache.known
    before, _cache.checked_at = _cache.checked_at, now
    try:
        stamp = await repository.stamp()
        if _cache.known is None or _cache.known.stamp != stamp:
            _cache.known = await _read(stamp)
    except BaseException:
        _cache.checked_at = before  # the next question looks again
        raise
    return _cache.known


async def _read(stamp: str) -> _Known:
    # The stamp was read first: a change in between makes it differ again, and is read at the next look.
    found = [(tenant, shape) for tenant, shape in await repository.tenants() if tenant.active]
    return _Known(
        stamp=stamp,
        by_slug={tenant.slug: tenant for tenant, _ in found},
        by_id={tenant.id: tenant for tenant, _ in found},
        outlines={tenant.id: shape for tenant, shape in found},
    )
