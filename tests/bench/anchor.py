"""The floor of create_http: pgbench writes the same rows by the same SQL, in the same database, role and RLS.

The statements are taken from the code that the service runs (`tickets.repository`, `store.journal`), their
parameters replaced by expressions of the same size; ids are UUIDv7 as ours are, so that indexes grow alike.
"""

import asyncio
import json
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
from tests.bench.desks import CATEGORY, PHONES, TEXTS, Desk

from chassis109.kernel.ids import uuid7
from chassis109.store import journal
from dispatch109.tickets import repository
from dispatch109.tickets.messages import TicketFact

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
VARIABLES = "abcde"
# The low 64 bits of a UUID: the variant 10, then random.
DRAWS = "".join(f"\\set {v} random(-9223372036854775808, -4611686018427387905)\n" for v in VARIABLES)
_PARAMETER = re.compile(r"\$(\d+)")


def uuid7_of(variable: str) -> str:
    """A UUIDv7 of the transaction's time; the same within the transaction."""
    time = "substring(int8send((extract(epoch FROM now()) * 1000)::bigint) FROM 3)"
    return f"encode({time} || '\\x7109'::bytea || int8send(:{variable}), 'hex')::uuid"


def filled(sql: str, values: list[str]) -> str:
    """The statement with an expression in the place of each parameter, on one line as pgbench wants it."""
    if {int(number) for number in _PARAMETER.findall(sql)} != set(range(1, len(values) + 1)):
        raise ValueError(f"{len(values)} expressions are not the parameters of: {sql}")
    return " ".join(_PARAMETER.sub(lambda found: values[int(found[1]) - 1], sql).split()) + ";\n"


def script(desk: Desk) -> str:
    """One transaction: what `tickets.service.open_` sends."""
    ticket, contact = uuid7_of("a"), uuid7_of("b")
    by, text = f"'{desk.subject}'::uuid", f"'{TEXTS[0]}'"
    lon, lat = (f"({value} + (:e::bigint % 50) / 10000.0)::float8" for value in desk.point)
    later = {name: f"now() + interval '{name}'" for name in ("30 minutes", "8 hours", "21 days")}
    sealed = [f"'\\x{'ab' * size}'::bytea" for size in (28 + 30, 28 + 12)]
    opened = filled(
        repository._INSERT,
        [
            ticket, str(datetime.now(UTC).year), contact, "'assigned'", "2", f"'{CATEGORY}'", f"'{desk.service}'", "1",
            text, "'Абай көшесі 109'", "''", lon, lat, "now()", by, *later.values(),
            "'суык су жок, кешеден бери келмей тур. абай кошеси 109'", *sealed,
            f"sha256(int8send(abs(:e::bigint % {PHONES})))", "'k1'", "'kk'", uuid7_of("c"), uuid7_of("d"), "'Operator'",
            "NULL", "NULL", "now()", "NULL", "NULL", "NULL", "NULL", "NULL",
        ],
    )  # fmt: skip
    told = filled(
        journal._WRITE,
        [
            "now()", by, "'person'", _audit(desk, ticket), f"'{TRACEPARENT}'",
            f"ARRAY['sko.feed.{desk.slug}.ticket']", f"ARRAY[{ticket}::text]", f"ARRAY[{uuid7_of('d')}]",
            f"ARRAY['\\x{_fact(desk).hex()}'::bytea]",
        ],
    )  # fmt: skip
    begin = f"BEGIN;\nSELECT set_config('app.tenant', '{desk.tenant}', true);\n"
    return f"{DRAWS}{begin}{opened}{told}COMMIT;\n"


def _audit(desk: Desk, ticket: str) -> str:
    entry = {
        "action": "ticket.open", "object_kind": "ticket", "object_id": "%s",
        "detail": {"version": 2, "service": desk.service},
    }  # fmt: skip
    return f"format('[{json.dumps(entry)}]', {ticket})"


def _fact(desk: Desk) -> bytes:
    now = datetime.now(UTC)
    fact = TicketFact(
        tenant=desk.slug, id=uuid7(), reference="109-26-000109", version=2, category=CATEGORY, service=desk.service,
        service_kind="water",
        state="assigned", priority=1, opened_at=now, updated_at=now, react_by=now, due_at=now, statutory_due=now,
        unanswered=0, reopened=0, paused_at=None, done_at=None, closed_at=None, confirmed=None, point=desk.point,
        origin=None, origin_reference=None,
    )  # fmt: skip
    return msgspec.json.encode(fact)


def write_scripts(folder: Path, of: list[Desk]) -> list[Path]:
    """A script a tenant; pgbench chooses among them evenly, as the load over HTTP does."""
    paths = []
    for desk in {desk.tenant: desk for desk in of}.values():
        path = folder / f"{desk.slug}.sql"
        path.write_text(script(desk), encoding="utf-8")
        paths.append(path)
    return paths


async def run(scripts: list[Path], seconds: int, clients: int) -> float:
    """Transactions a second."""
    dsn = urlsplit(os.environ["DISPATCH_APP_DSN"])
    files = [argument for path in scripts for argument in ("-f", str(path))]
    process = await asyncio.create_subprocess_exec(
        binary(), "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds),
        "-h", str(dsn.hostname), "-p", str(dsn.port), "-U", str(dsn.username), *files, dsn.path[1:],
        env={**os.environ, "PGPASSWORD": unquote(dsn.password or "")},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    found = re.search(rb"^tps = ([\d.]+)", out, re.MULTILINE)
    if process.returncode or found is None:
        raise RuntimeError(f"pgbench failed: {err.decode()[-1500:]}")
    return float(found[1])


def binary() -> str:
    """pgbench of the newest PostgreSQL on this machine."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pgbench"), key=lambda p: int(p.parts[-3]), reverse=True
    )
    found = str(installed[0]) if installed else shutil.which("pgbench")
    if found is None:
        raise RuntimeError("pgbench is not installed: it comes with PostgreSQL (make up installs that)")
    return found
