"""The OpenAPI 3.1 document at /api/openapi.json: for everybody, it holds no data."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from identity109.permissions import PUBLIC, requires

_DESCRIPTION = """The non-emergency dispatch of North Kazakhstan Region.

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
"""


def openapi_config(version: str) -> OpenAPIConfig:
    """What the document says of itself. Litestar's own router answers every path below it, so it gets one aside."""
    return OpenAPIConfig(
        title="109",
        version=version,
        description=_DESCRIPTION,
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
        security=[{"bearer": []}],
        openapi_router=Router("/openapi", route_handlers=[], opt=requires(PUBLIC), include_in_schema=False),
        render_plugins=[JsonRenderPlugin()],
    )


@get("/api/openapi.json", opt=requires(PUBLIC), include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The document."""
    document = msgspec.json.encode(request.app.openapi_schema.to_schema())
    return Response(document, media_type="application/vnd.oai.openapi+json")
