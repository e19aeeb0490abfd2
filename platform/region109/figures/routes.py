"""Figures over JSON: the same as on screen."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, SkipValidation

from identity109.actor import Actor
from identity109.permissions import Permission as P
from identity109.permissions import requires
from region109.figures import asked
from region109.figures import service as figures
from region109.figures.schemas import FiguresOut

Acting = NamedDependency[SkipValidation[Actor]]
First = Annotated[str, QueryParameter(name="from")]
Last = Annotated[str, QueryParameter(name="to")]


@get("/api/v1/rc/figures", opt=requires(P.REGION_FIGURES), tags=["figures"])
async def read(  # noqa: PLR0913, PLR0917 - one argument a filter
    period: FromQuery[str] = "",
    first: First = "",
    last: Last = "",
    by: FromQuery[str] = "",
    territory: FromQuery[str] = "",
    category: FromQuery[str] = "",
    sort: FromQuery[str] = "",
    way: FromQuery[str] = "",
) -> FiguresOut:
    """Figures of a period, all lines at once (1 100 at the most).

    `period` is today, yesterday, week (7 days), month (30 days) or free, then with `from` and `to` (2026-11-24, both
    included). `by` is territory, category, day or both (territory × category); `category=-` means that none was named.
    `sort` is a figure or name, `way` up or down."""
    registry = await figures.ground()
    said = {
        "period": period, "from": first, "to": last, "by": by, "territory": territory, "category": category,
        "sort": sort, "way": way,
    }  # fmt: skip
    wanted = asked.read(said, figures.known(registry), registry.today)
    return FiguresOut.of(await figures.report(wanted, registry))


ROUTES = (read,)
