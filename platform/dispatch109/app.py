"""The web process: `granian --factory dispatch109.app:create_app`."""

from litestar import Litestar, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from dispatch109.assembly import VERSION, Process, assemble
from dispatch109.callbacks import routes as callbacks
from dispatch109.calls import routes as calls
from dispatch109.catalogue import routes as catalogue
from dispatch109.execution import routes as execution
from dispatch109.queue import routes as queue
from dispatch109.tickets import routes as tickets
from identity109 import pages as identity_pages
from identity109 import routes as identity_routes
from identity109.permissions import PUBLIC, requires
from ui109 import pages as ui_pages

API = (
    *catalogue.ROUTES, *calls.ROUTES, *queue.ROUTES, *tickets.ROUTES, *execution.ROUTES, *callbacks.ROUTES,
    *identity_routes.ROUTES,
)  # fmt: skip


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    process = Process.build("web")
    routes = (*API, *identity_pages.PAGES, *ui_pages.routes())
    return assemble(process, "web", routes, openapi=OPENAPI)


OPENAPI = OpenAPIConfig(
    title="109",
    version=VERSION,
    openapi_router=Router("/api", route_handlers=[], opt=requires(PUBLIC), include_in_schema=False),
    render_plugins=[JsonRenderPlugin()],
    description="""The non-emergency dispatch of North Kazakhstan Region.

Every path names its tenant: `/api/v1/t/{slug}/…`. Send `Authorization: Bearer <access token>`; what belongs to
another tenant, and what does not exist, both answer 404. Verbs take the `version` you looked at: another one
answers 409 with the present state. `Idempotency-Key` (8–100 visible characters) makes a repeated request give its
first answer. Errors are `application/problem+json` (RFC 9457) in the language of `Accept-Language`: kk, ru or en.

```
TOKEN=$(make -s token PERSON=operator.petropavl)
curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"phone":"8 705 123 45 67","category":"water-no-supply","text":"Нет воды","address":"Жұмабаев 109"}' \\
  "$DISPATCH_URL/api/v1/t/petropavl/tickets"
```
""",
    components=Components(
        security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
    ),
    security=[{"bearer": []}],
    create_examples=False,
)
