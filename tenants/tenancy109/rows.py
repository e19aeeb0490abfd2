"""The catalogue as rows of its tables, and the difference between what is stored and what is wanted."""

from typing import Any

import msgspec

from tenancy109.model import Catalogue, Tenant

Row = dict[str, Any]

# Parents before children: the order in which rows may be written. The first list is each table's key.
TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "category": (
        ("code",),
        (
            "group_code", "group_names", "names", "words", "reaction_seconds", "resolution_seconds",
            "pause_allowed", "priority", "position", "active",
        ),
    ),
    "service": (("code",), ("kind", "names", "phone", "position", "active")),
    "zone": (("code",), ("names", "lon", "lat", "radius_km", "active")),
    "route": (("category", "place"), ("service", "active")),
}  # fmt: skip


class Difference(msgspec.Struct, frozen=True):
    """Rows to write into one table, by what happens to them."""

    added: list[Row]
    changed: list[Row]
    retired: list[Row]

    @property
    def rows(self) -> list[Row]:
        """All rows to write."""
        return self.added + self.changed + self.retired


def of_tenant(tenant: Tenant) -> Row:
    """The tenant's own row, without outline and version."""
    row: Row = msgspec.to_builtins(tenant)
    row["lon"], row["lat"] = row.pop("centre")
    del row["version"]
    return row


def of_catalogue(catalogue: Catalogue) -> dict[str, list[Row]]:
    """The rows of each table, all active."""
    return {
        "category": [_row(category, group="group_code") for category in catalogue.categories],
        "service": [_row(service) for service in catalogue.services],
        "zone": [_row(zone) for zone in catalogue.zones],
        "route": [_row(route) for route in catalogue.routes],
    }


def _row(item: msgspec.Struct, **renamed: str) -> Row:
    # Through JSON, so that a tuple compares equal to the list that comes back from the database.
    row: Row = msgspec.json.decode(msgspec.json.encode(item))
    if "centre" in row:
        row["lon"], row["lat"] = row.pop("centre")
    return {renamed.get(key, key): value for key, value in row.items()} | {"active": True}


def difference(table: str, stored: list[Row], wanted: list[Row]) -> Difference:
    """What must be written so that `table` says what is wanted. A vanished row is retired, never deleted."""
    keys, _ = TABLES[table]
    before = {tuple(row[key] for key in keys): row for row in stored}
    after = {tuple(row[key] for key in keys): row for row in wanted}
    return Difference(
        added=[row for key, row in after.items() if key not in before],
        changed=[row for key, row in after.items() if key in before and before[key] != row],
        retired=[before[key] | {"active": False} for key in before.keys() - after if before[key]["active"]],
    )
