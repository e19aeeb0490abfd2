"""The web process: `granian --factory dispatch109.app:create_app`."""

from litestar import Litestar

from dispatch109.alerts import pages as alerts_pages
from dispatch109.alerts import routes as alerts
from dispatch109.assembly import build
from dispatch109.callbacks import pages as callbacks_pages
from dispatch109.callbacks import routes as callbacks
from dispatch109.calls import pages as calls_pages
from dispatch109.calls import routes as calls
from dispatch109.card import pages as card_pages
from dispatch109.catalogue import routes as catalogue
from dispatch109.citymap import pages as citymap_pages
from dispatch109.emergencies import pages as emergencies_pages
from dispatch109.emergencies import routes as emergencies
from dispatch109.execution import pages as execution_pages
from dispatch109.execution import routes as execution
from dispatch109.mandates import pages as mandates_pages
from dispatch109.mandates import routes as mandates
from dispatch109.openapi import DESCRIPTION
from dispatch109.queue import pages as queue_pages
from dispatch109.queue import routes as queue
from dispatch109.referrals import pages as referrals_pages
from dispatch109.referrals import routes as referrals
from dispatch109.start import pages as start_pages
from dispatch109.tickets import routes as tickets
from identity109 import pages as identity_pages
from identity109 import routes as identity_routes
from ui109 import pages as ui_pages
from ui109.assembly import assemble
from ui109.openapi import openapi, openapi_config

API = (
    *catalogue.ROUTES, *calls.ROUTES, *queue.ROUTES, *tickets.ROUTES, *execution.ROUTES, *callbacks.ROUTES,
    *emergencies.ROUTES, *mandates.ROUTES, *referrals.ROUTES, *alerts.ROUTES, *identity_routes.ROUTES,
)  # fmt: skip

PAGES = (
    *start_pages.PAGES, *calls_pages.PAGES, *queue_pages.PAGES, *citymap_pages.PAGES, *identity_pages.PAGES,
    *execution_pages.PAGES, *callbacks_pages.PAGES, *card_pages.PAGES, *emergencies_pages.PAGES, *mandates_pages.PAGES,
    *referrals_pages.PAGES, *alerts_pages.PAGES,
)  # fmt: skip


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    routes = (*API, *PAGES, *ui_pages.routes(), openapi)
    return assemble(build("web"), routes, openapi=openapi_config("109", DESCRIPTION))
