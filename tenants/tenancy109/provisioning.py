"""From the folders into the database: what differs is written, nothing is deleted, a second run is idle."""

from collections.abc import Mapping

from msgspec import Struct
from shapely import MultiPolygon

from chassis109.store import journal
from chassis109.store.unit import transaction
from tenancy109 import outlines, repository, rows
from tenancy109.model import Tenant, TenantFolder
from tenancy109.outlines import Outline


class ApplyRefused(Exception):
    """The folders contradict what is stored; the message says where."""


class Change(Struct, frozen=True):
    """What was written for one tenant."""

    slug: str
    parts: dict[str, str]
    """What changed → how; empty when everything was so already."""

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {how}" for part, how in self.parts.items())
        return f"{self.slug}: {parts or 'unchanged'}"


async def apply(folders: Mapping[str, TenantFolder]) -> list[Change]:
    """Write all tenants, one transaction each. Needs a store opened as the owner role.

    Outlines that were imported stay; approximate ones are computed again, because a new centre moves its
    neighbours' borders. Raises ApplyRefused before anything is written.
    """
    _same_numbers(folders, [tenant for tenant, _ in await repository.tenants()])
    shapes = outlines.approximate(folder.tenant for folder in folders.values())
    return [await apply_one(folders[slug], Outline(shapes[slug], "approximate")) for slug in folders]


def _same_numbers(folders: Mapping[str, TenantFolder], stored: list[Tenant]) -> None:
    """A tenant's number and slug stand in every row, address and account of it: they never change."""
    for tenant in stored:
        for slug, folder in folders.items():
            if (folder.tenant.id == tenant.id) != (slug == tenant.slug):
                raise ApplyRefused(
                    f"{slug}/tenant.toml has id {folder.tenant.id}, but the database has {tenant.slug}"
                    f" with id {tenant.id}: a tenant's number and slug never change and are never used again"
                )


async def apply_one(folder: TenantFolder, approximate: Outline) -> Change:
    """Write one tenant; the outline counts unless a real one was imported. Needs a store of the owner role."""
    tenant = folder.tenant
    async with transaction(tenant.id):
        await repository.lock()
        parts, outline = await _tenant_parts(tenant, approximate)
        wanted = rows.of_catalogue(folder.catalogue)
        differences = {
            table: rows.difference(table, await repository.rows(table, tenant.id), wanted[table])
            for table in rows.TABLES
        }
        parts |= {table: _told(found) for table, found in differences.items() if found.rows}
        if parts:
            await repository.write_tenant(rows.of_tenant(tenant), outline)
            for table, found in differences.items():
                await repository.write(table, tenant.id, found.rows)
            entry = journal.AuditEntry("tenant.applied", "tenant", tenant.slug, dict(parts))
            await journal.write(None, "system", [entry])
    return Change(tenant.slug, parts)


async def _tenant_parts(tenant: Tenant, approximate: Outline) -> tuple[dict[str, str], Outline]:
    """How the tenant's own row differs, and the outline it shall have."""
    before = next(((t, o) for t, o in await repository.tenants() if t.id == tenant.id), None)
    if before is None:
        return {"tenant": "new"}, approximate
    outline = before[1] if before[1].source == "imported" else approximate
    parts = {"tenant": "changed"} if rows.of_tenant(before[0]) != rows.of_tenant(tenant) else {}
    if outline.shape != before[1].shape:
        parts["outline"] = "computed again"
    return parts, outline


def _told(found: rows.Difference) -> str:
    counts = {"+": len(found.added), "~": len(found.changed), "-": len(found.retired)}
    return " ".join(f"{sign}{count}" for sign, count in counts.items() if count)


async def import_boundaries(shapes: Mapping[str, MultiPolygon]) -> None:
    """Replace the outlines of all named tenants by real ones, in one transaction (owner role)."""
    async with transaction(None):
        await repository.lock()
        await repository.write_boundaries(shapes)
