"""What a forgotten condition or a wrong id could become: every kind of statement of one tenant about another's rows.

`$1` is a row as JSON or the number of a tenant. Statements that name what their role may not touch are sent all the
same: to be refused is the answer that is expected.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from tests.prove.isolation.tables import Reachable, Reference, Table

LOCKS = ("FOR UPDATE", "FOR KEY SHARE")


@dataclass(frozen=True)
class Statement:
    """One attack below HTTP."""

    name: str
    on: str
    sql: str
    arguments: tuple[object, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether it answers with rows."""
        return self.sql.startswith("SELECT")


def statements(
    found: Reachable, ours: int, theirs: int, subject: UUID, lot: Random, *, owner: bool
) -> Iterator[Statement]:
    """All of them. The owner is not asked to empty a table: that no policy forbids."""
    for table in found.tables:
        yield from _reading(table, ours, theirs)
        yield from _writing(table, ours, theirs)
        if not owner:
            yield Statement("empty", table.name, f"TRUNCATE {table.name} CASCADE")
        if table.theirs is not None:
            yield from _adding(table, table.theirs, ours, theirs, lot)
            yield from _named(table, table.theirs)
        if table.ours is not None:
            for reference in table.references:
                yield from _hanging(table, table.ours, reference, lot)
    for view in found.views:
        yield Statement("view", view, f"SELECT v::text FROM {view} v")
    for function, types in found.functions:
        said = ", ".join(f"${n}::{kind}" if _known(kind) else f"NULL::{kind}" for n, kind in _numbered(types))
        values = tuple(_argument(kind, theirs, subject) for kind in types if _known(kind))
        yield Statement("function", function, f"SELECT f::text FROM {function}({said}) f", values)


def _reading(table: Table, ours: int, theirs: int) -> Iterator[Statement]:
    shown = ", ".join(f"t.{column}::text" for column in table.may["SELECT"]) or "t::text"
    column = next((c for c in table.may["SELECT"] if c != "tenant_id"), "tenant_id")
    source = f"FROM {table.name} t"
    yield Statement("read all", table.name, f"SELECT {shown} {source}")
    yield Statement("read theirs", table.name, f"SELECT {shown} {source} WHERE tenant_id = $1", (theirs,))
    yield Statement(
        "read what is not ours", table.name, f"SELECT {shown} {source} WHERE tenant_id <> $1", (ours,)
    )
    yield Statement("count", table.name, f"SELECT count(*) {source}")
    yield Statement("count theirs", table.name, f"SELECT count(*) {source} WHERE tenant_id = $1", (theirs,))
    # A cast that fails says what it stumbled over, unless the policy has been asked before.
    loud = f"SELECT 1 {source} WHERE tenant_id = $1 AND ('x' || coalesce(t.{column}::text, ''))::int = 0"
    yield Statement("fail aloud", table.name, loud, (theirs,))
    for lock in LOCKS:
        yield Statement("lock", table.name, f"SELECT 1 {source} WHERE tenant_id = $1 {lock}", (theirs,))


def _writing(table: Table, ours: int, theirs: int) -> Iterator[Statement]:
    column = next((c for c in table.may["UPDATE"] if c != "tenant_id"), "tenant_id")
    same, name = f"UPDATE {table.name} SET {column} = {column}", table.name
    yield Statement("write all", name, same)
    yield Statement("write theirs", name, f"{same} WHERE tenant_id = $1", (theirs,))
    yield Statement("take", name, f"UPDATE {name} SET tenant_id = $1 WHERE tenant_id = $2", (ours, theirs))
    yield Statement("give", name, f"UPDATE {name} SET tenant_id = $1 WHERE tenant_id = $2", (theirs, ours))
    yield Statement("remove theirs", name, f"DELETE FROM {name} WHERE tenant_id = $1", (theirs,))
    yield Statement("remove what is not ours", name, f"DELETE FROM {name} WHERE tenant_id <> $1", (ours,))


def _adding(table: Table, row: str, ours: int, theirs: int, lot: Random) -> Iterator[Statement]:
    """A row for them; one under a key of theirs; one of ours that is like theirs in every value."""
    fresh = _fresh(table, row, lot)
    copied = json.dumps({**json.loads(row), "tenant_id": ours})
    conflict = ", ".join(("tenant_id", *table.keys[0].columns)) if table.keys else "tenant_id"
    yield Statement("add for them", table.name, _insert(table), (fresh,))
    yield Statement("add under their key", table.name, _insert(table), (row,))
    yield Statement(
        "write by conflict", table.name,
        f"{_insert(table)} ON CONFLICT ({conflict}) DO UPDATE SET tenant_id = excluded.tenant_id", (row,),
    )  # fmt: skip
    yield Statement("pass over a conflict", table.name, f"{_insert(table)} ON CONFLICT DO NOTHING", (row,))
    yield Statement("copy as ours", table.name, _insert(table), (copied,))
    mixed = json.dumps({**json.loads(fresh), "tenant_id": ours})
    for key in table.keys:  # one key of theirs at a time, so that no other one is in its way
        wanted = {**json.loads(mixed), **{c: json.loads(row)[c] for c in key.columns}}
        yield Statement(f"their value of {key.index}", table.name, _insert(table), (json.dumps(wanted),))


def _named(table: Table, row: str) -> Iterator[Statement]:
    """By the key alone, as somebody does who was given an id."""
    if not table.keys or not table.keys[0].columns:
        return
    matches = " AND ".join(f"t.{c} = r.{c}" for c in table.keys[0].columns)
    given = f"jsonb_populate_record(NULL::{table.name}, $1::jsonb) r"
    column = next(
        (c for c in table.may["UPDATE"] if c not in {"tenant_id", *table.keys[0].columns}), "tenant_id"
    )
    shown = ", ".join(f"t.{c}::text" for c in table.may["SELECT"]) or "t::text"
    yield Statement(
        "read by id", table.name, f"SELECT {shown} FROM {table.name} t, {given} WHERE {matches}", (row,)
    )
    write = f"UPDATE {table.name} t SET {column} = t.{column} FROM {given} WHERE {matches}"
    yield Statement("write by id", table.name, write, (row,))
    yield Statement(
        "remove by id", table.name, f"DELETE FROM {table.name} t USING {given} WHERE {matches}", (row,)
    )


def _hanging(table: Table, own: str, reference: Reference, lot: Random) -> Iterator[Statement]:
    """A row of ours that hangs on one of theirs."""
    if reference.row is None or not table.keys:
        return
    target = json.loads(reference.row)
    hung = {c: target[k] for c, k in zip(reference.columns, reference.keys, strict=True)}
    given = f"jsonb_populate_record(NULL::{table.name}, $1::jsonb) r"
    matches = " AND ".join(f"t.{c} = (r).{c}" for c in ("tenant_id", *table.keys[0].columns))
    changes = ", ".join(f"{c} = h.{c}" for c in reference.columns)
    moved = f"UPDATE {table.name} t SET {changes} FROM {given}, jsonb_populate_record(NULL::{table.name}, $2::jsonb) h"
    yield Statement(
        f"hang on their {reference.target}", table.name, f"{moved} WHERE {matches}", (own, json.dumps(hung))
    )
    added = json.dumps({**json.loads(_fresh(table, own, lot)), **hung})
    yield Statement(f"add on their {reference.target}", table.name, _insert(table), (added,))


def _insert(table: Table) -> str:
    names = ", ".join(table.may["INSERT"] or table.types)
    return (
        f"INSERT INTO {table.name} ({names}) OVERRIDING SYSTEM VALUE"
        f" SELECT {names} FROM jsonb_populate_record(NULL::{table.name}, $1::jsonb) r"
    )


def _fresh(table: Table, row: str, lot: Random) -> str:
    """The row under keys that nobody has: in each key one column of its own is changed."""
    said = json.loads(row)
    tied = {c for reference in table.references for c in reference.columns}
    for key in table.keys:
        free = [c for c in key.columns if c not in tied and _another(table.types[c], lot) is not None]
        if free:
            said[free[-1]] = _another(table.types[free[-1]], lot)
    return json.dumps(said)


def _another(kind: str, lot: Random) -> str | int | None:
    match kind:
        case "uuid":
            return str(UUID(int=lot.getrandbits(128), version=4))
        case "smallint" | "integer" | "bigint":
            return lot.randrange(20_000, 30_000)
        case "text":
            return f"x{lot.randrange(10**9)}"
        case "date":
            return f"20{lot.randrange(40, 99)}-01-01"
        case "bytea":
            return f"\\x{lot.getrandbits(128):032x}"
        case _:
            return None


def _known(kind: str) -> bool:
    return kind in {"smallint", "integer", "uuid", "smallint[]"}


def _numbered(types: tuple[str, ...]) -> list[tuple[int, str]]:
    known = [n for n, kind in enumerate(types) if _known(kind)]
    return [(known.index(n) + 1 if n in known else 0, kind) for n, kind in enumerate(types)]


def _argument(kind: str, theirs: int, subject: UUID) -> object:
    return {"uuid": subject, "smallint[]": [theirs]}.get(kind, theirs)
