"""The web process: `granian --factory region109.app:create_app`."""

from litestar import Litestar

from identity109 import pages as identity_pages
from identity109 import routes as identity_routes
from region109.alerts import pages as alerts_pages
from region109.alerts import routes as alerts
from region109.assembly import build
from region109.figures import pages as figures_pages
from region109.figures import routes as figures
from region109.mandates import pages as mandates_pages
from region109.mandates import routes as mandates
from region109.openapi import DESCRIPTION
from region109.start import pages as start_pages
from region109.wall import pages as wall_pages
from region109.wall import routes as wall
from ui109 import pages as ui_pages
from ui109.assembly import assemble
from ui109.openapi import openapi, openapi_config

API = (*wall.ROUTES, *mandates.ROUTES, *alerts.ROUTES, *figures.ROUTES, identity_routes.me)

PAGES = (
    *start_pages.PAGES,
    *wall_pages.PAGES,
    *mandates_pages.PAGES,
    *alerts_pages.PAGES,
    *figures_pages.PAGES,
    *identity_pages.SIGN_IN,
)


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    routes = (*API, *PAGES, *ui_pages.routes(), openapi)
    return assemble(build("web"), routes, openapi=openapi_config("109", DESCRIPTION))
