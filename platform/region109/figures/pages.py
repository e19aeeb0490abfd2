"""Figures on screen and as files."""

from typing import Any

from litestar import get
from litestar.params import FromQuery
from litestar.response import Stream, Template

from chassis109.kernel.errors import Invalid
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109.contract import STALE_SECONDS
from region109.figures import asked, drawing, export, model, telling
from region109.figures import service as figures
from region109.figures.asked import Asked
from region109.figures.routes import Acting
from ui109.i18n import mark, translate
from ui109.templating import AnyRequest, language_of, page

BOARD = "/rc/figures"
PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PERIODS = {
    "today": mark("Today"), "yesterday": mark("Yesterday"), "week": mark("7 days"), "month": mark("30 days"),
}  # fmt: skip
BYS = {
    "territory": mark("By territory"), "category": mark("By category"), "day": mark("By day"),
    "both": mark("Territory × category"),
}  # fmt: skip


@get(BOARD, opt=requires(P.REGION_FIGURES), include_in_schema=False)
async def show(request: AnyRequest, at: FromQuery[int] = 0) -> Template:
    """Figures of a period; what was asked wrongly is said beside its field. `at`: the first line of a page."""
    registry = await figures.ground()
    said = asked.typed(request.query_params)
    try:
        wanted = asked.read(said, figures.known(registry), registry.today)
    except Invalid as wrong:
        errors = {
            one.field: translate(one.message, language_of(request), **one.params) for one in wrong.errors
        }
        return page(
            request,
            "figures/figures.html",
            status=422,
            report=None,
            said=said,
            errors=errors,
            **_words(registry),
        )
    report = await figures.report(wanted, registry)
    first = max(0, min(at, len(report.rows) - 1)) // PAGE * PAGE
    return page(
        request, "figures/figures.html", report=report, asked=wanted, first=first, size=PAGE, errors={},
        said=said | {"from": wanted.first.isoformat(), "to": wanted.last.isoformat()},
        chart=drawing.chart(report.days), chart_size=(drawing.WIDTH, drawing.HEIGHT),
        sheet=wanted.days * max(len(report.rows), 1) <= export.MOST_SHEET_ROWS or wanted.days <= SHEET_DAYS,
        **_words(registry),
    )  # fmt: skip


SHEET_DAYS = 150
"""Of so many days even every territory and category fits into a workbook."""


@get(f"{BOARD}.xlsx", opt=requires(P.REGION_FIGURES), include_in_schema=False)
async def as_workbook(request: AnyRequest, actor: Acting, each: FromQuery[bool] = False) -> Stream:
    """The lines of the page, or every day, territory and category by itself, as a workbook."""
    lines = await export.lines(await _asked(request), apart=each, actor=actor, form="xlsx")
    return _file(export.workbook(lines, language_of(request)), lines.name, XLSX)


@get(f"{BOARD}.csv", opt=requires(P.REGION_FIGURES), include_in_schema=False)
async def as_table(request: AnyRequest, actor: Acting, each: FromQuery[bool] = False) -> Stream:
    """The same as CSV."""
    lines = await export.lines(await _asked(request), apart=each, actor=actor, form="csv")
    return _file(export.table(lines, language_of(request)), lines.name, "text/csv; charset=utf-8")


async def _asked(request: AnyRequest) -> Asked:
    registry = await figures.ground()
    return asked.read(asked.typed(request.query_params), figures.known(registry), registry.today)


def _file(pieces: Any, name: str, kind: str) -> Stream:  # noqa: ANN401 - text or bytes
    return Stream(pieces, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _words(registry: model.Ground) -> dict[str, Any]:
    return {
        "registry": registry, "telling": telling, "few": model.FEW, "stale_seconds": STALE_SECONDS, "bys": BYS,
        "periods": PERIODS, "nobody": asked.NOBODY,
    }  # fmt: skip


PAGES = (show, as_workbook, as_table)
