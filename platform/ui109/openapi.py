"""The OpenAPI 3.1 document of a service at /api/openapi.json: for everybody, it holds no data."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from chassis109.web.problems import Problem
from identity109.permissions import PUBLIC, requires
from ui109.assembly import VERSION


def openapi_config(title: str, description: str) -> OpenAPIConfig:
    """What the document says of itself. Litestar's own router answers every path below it, so it gets one aside."""
    return OpenAPIConfig(
        title=title,
        version=VERSION,
        description=description,
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
        ),
        security=[{"bearer": []}],
        openapi_router=Router("/openapi", route_handlers=[], opt=requires(PUBLIC), include_in_schema=False),
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
    )


@get("/api/openapi.json", opt=requires(PUBLIC), include_in_schema=False)
async def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The document."""
    document = with_problems(request.app.openapi_schema.to_schema())
    return Response(msgspec.json.encode(document), media_type="application/vnd.oai.openapi+json")


def with_problems(document: dict[str, Any]) -> dict[str, Any]:
    """The document with our errors instead of the framework's: every refusal is a problem+json."""
    (_,), schemas = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    document["components"]["schemas"] |= schemas
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for method, operation in path.items():
            if method not in _METHODS:
                continue
            kept = {code: said for code, said in operation["responses"].items() if code.startswith("2")}
            refusals = {code: {"description": said, "content": content} for code, said in _REFUSALS.items()}
            operation["responses"] = kept | refusals
    return document


_METHODS = frozenset({"get", "post", "patch", "put", "delete"})
_REFUSALS = {
    "400": "the request cannot be read",
    "401": "no token, or one that is not valid here",
    "403": "the role does not allow it",
    "404": "not there, or not yours: both look the same",
    "409": "not from this state or version; `present` says what stands now",
    "413": "too large",
    "422": "fields that break a rule, each named in `errors`",
    "429": "too many requests; `Retry-After` says when to come back",
    "500": "a fault on our side, recorded under the number in `request`",
    "503": "a part is away; nothing was saved",
}
