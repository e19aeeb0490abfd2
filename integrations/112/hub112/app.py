"""The web process: `granian --factory hub112.app:create_app`."""

from litestar import Litestar

from hub112.assembly import build
from hub112.board import pages as board_pages
from hub112.board import routes as board
from hub112.openapi import DESCRIPTION
from hub112.start import pages as start_pages
from identity109 import pages as identity_pages
from identity109 import routes as identity_routes
from ui109 import pages as ui_pages
from ui109.assembly import assemble
from ui109.openapi import openapi, openapi_config

API = (*board.ROUTES, identity_routes.me)

PAGES = (*start_pages.PAGES, *board_pages.PAGES, *identity_pages.SIGN_IN)


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    routes = (*API, *PAGES, *ui_pages.routes(), openapi)
    return assemble(build("web"), routes, openapi=openapi_config("112", DESCRIPTION))
