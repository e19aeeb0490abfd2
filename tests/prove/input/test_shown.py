"""What was typed is shown as what it is: no page makes markup of it, no sheet a formula, no template runs it."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser

import asyncpg
import httpx
import pytest
from tests.prove import figures
from tests.prove.ground.routes import routes
from tests.prove.ground.world import Side, World
from tests.prove.input.hostile import EVERYTHING, SCRIPT, TEXTS
from tests.prove.input.test_fields import ask, person_for
from tests.prove.size import dice

from chassis109.store.migrate import SERVICES

RUN = "window.hacked109"
ANSWER = "7637637"
"""What a template or a formula would make of the text."""
FORMULA = re.compile(rb"<f[ >/]")


class Markup(HTMLParser):
    """Reads a page as a browser does; `found` is what of the text would run there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._script = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._script = tag == "script" and "json" not in (given.get("type") or "")
        self.found += [
            f"<{tag} {name}={value}>"
            for name, value in attrs
            if value and RUN in value and (name.startswith("on") or value.strip().startswith("javascript:"))
        ]

    def handle_endtag(self, tag: str) -> None:
        self._script = False

    def handle_data(self, data: str) -> None:
        if self._script and RUN in data:
            self.found.append(f"<script>{data[:100]}")


def sheet(content: bytes) -> Iterator[str]:
    """Cells of a workbook that would be calculated."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in book.namelist():
            if FORMULA.search(book.read(name)):
                yield f"a formula in {name}"


def table(content: bytes) -> Iterator[str]:
    """Cells of a CSV file that a spreadsheet would calculate; a number may be negative."""
    for line in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"):
        yield from (
            cell for cell in line if cell[:1] in "=+-@\t\r" and not re.fullmatch(r"[-+]?[\d.,]*", cell)
        )


def runs(answer: httpx.Response) -> list[str]:
    """What of an answer would be run by whoever opens it."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.content.startswith(b"PK"):
        return list(sheet(answer.content))
    if kind == "text/csv":
        return list(table(answer.content))
    found = Markup(answer.text).found if kind == "text/html" else []
    return found + [f"{ANSWER} in {answer.text[:80]}"] * (ANSWER in answer.text)


async def typed(world: World, side: Side) -> int:
    """Everything after the mark of a side, in every text it has; how many rows say so now."""
    rows = 0
    for table_name, column, kind in await world.superuser.fetch(
        """SELECT format('%I.%I', c.table_schema, c.table_name), quote_ident(c.column_name), c.data_type
           FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
           WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' AND c.data_type IN ('text', 'jsonb')""",
        world.service.name,
    ):
        said = EVERYTHING if kind == "text" else json.dumps(EVERYTHING)[1:-1]
        statement = f"""UPDATE {table_name} SET {column} = replace({column}::text, $1, $1 || $2)::{kind}
                        WHERE position($1 IN {column}::text) > 0"""
        try:
            done = await world.superuser.execute(statement, side.mark, said)
        except asyncpg.PostgresError:  # too long there, or never changed
            continue
        rows += int(done.split()[1])
    return rows


@pytest.mark.timeout(600)
@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_what_was_typed_is_shown_and_never_run(attacked: World) -> None:
    side, lot, seen, asked = next(iter(attacked.sides.values())), dice("input.shown"), 0, 0
    assert await typed(attacked, side) > 0
    if attacked.service.name == "dispatch":
        await call(attacked, side)
    for route in routes(attacked.service):
        if route.method != "GET" or route.process == "live":
            continue
        by, path = person_for(side, route, lot), route.address(await attacked.values(route, side))
        answer = await ask(attacked, route, by, path)
        assert answer.status_code < 500, (route.path, answer.text[:300])
        assert answer.headers.get("x-content-type-options") == "nosniff", route.path
        assert runs(answer) == [], route.path
        asked, seen = asked + 1, seen + (RUN in answer.text)
    figures.say(
        f"input.{attacked.service.name}.shown",
        seen,
        f"of {asked} pages and answers hold the text, none runs it",
    )
    assert seen > 0, "the proof is blind here"


async def call(world: World, side: Side) -> None:
    """An operator writes it down in the fields that are sealed as well."""
    path, operator = f"/api/v1/t/{side.slug}/tickets", side.callers["operator"]
    for text in (EVERYTHING, TEXTS["a formula"]):
        said = {
            "phone": "+77051234567",
            "category": "other",
            "text": text,
            "address": text,
            "applicant": text[:100],
        }
        answer = await world.http.post(
            world.served.web + path, json=said, headers=operator.headers(path, "POST")
        )
        answer.raise_for_status()


def test_what_would_run_is_seen() -> None:
    """The same oracles on what a careless page or sheet would say."""
    for page in (
        f"<p>{SCRIPT}",
        f"""<input value='{TEXTS["an attribute"]}'><p class="">""",
        f"<p>{TEXTS['an SVG']}",
    ):
        assert runs(httpx.Response(200, html=page)), page
    assert runs(httpx.Response(200, html=f"<p>{7 * 1091091}"))
    assert runs(httpx.Response(200, text=f"a;{TEXTS['a formula']}", headers={"content-type": "text/csv"}))
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as made:
        made.writestr("xl/worksheets/sheet1.xml", "<c><f>1+1</f></c>")
    assert runs(httpx.Response(200, content=book.getvalue()))
    assert runs(httpx.Response(200, html=f"<p>&lt;script&gt;{RUN}")) == []
