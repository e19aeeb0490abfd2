"""Jinja as every page uses it, and the one function that renders a page for a person."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

from chassis109.kernel import clock
from chassis109.web.headers import csp_nonce
from ui109 import i18n
from ui109.assets import static_url, vendor_url
from ui109.formatting import UNITS, Formats
from ui109.product import DISPATCH, Product
from ui109.statuses import STATUSES

TEMPLATES = Path(__file__).parent / "templates"
AnyRequest = Request[Any, Any, Any]
LANGUAGE_COOKIE = "lang"


def environment(
    folders: Sequence[Path] = (), *, live_url: str = "", product: Product = DISPATCH
) -> Environment:
    """Autoescaping, strict environment over our templates and the packages' `folders`.

    `live_url` is the origin of the process that serves the event streams; empty means the same origin.
    """
    env = Environment(
        loader=FileSystemLoader([TEMPLATES, *folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.globals.update(
        static_url=static_url,
        vendor_url=vendor_url,
        live_url=live_url,
        product=product,
        statuses=STATUSES,
        languages=i18n.NAMES,
        units=UNITS,
    )
    return env


def template_config(
    folders: Sequence[Path] = (), *, live_url: str = "", product: Product = DISPATCH
) -> TemplateConfig[JinjaTemplateEngine]:
    """Litestar's configuration with `environment`."""
    return TemplateConfig(
        instance=JinjaTemplateEngine.from_environment(
            environment(folders, live_url=live_url, product=product)
        )
    )


def language_of(request: AnyRequest) -> i18n.Language:
    """The language of this request: see `i18n.choose`. A program's Accept-Language comes before its profile."""
    actor = _state(request).get("actor")
    if request.url.path.startswith("/api/") and (wish := request.headers.get("accept-language")):
        return i18n.choose(None, None, wish)
    return i18n.choose(
        request.cookies.get(LANGUAGE_COOKIE),
        getattr(actor, "language", None),
        request.headers.get("accept-language"),
    )


def page(
    request: AnyRequest,
    name: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: object,
) -> Template:
    """The template `name` for this person: `context` beside what every page has (`shared`)."""
    return Template(
        template_name=name,
        context={**shared(request), **context},
        status_code=status,
        headers={"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language", **(headers or {})},
        media_type="text/html",
    )


def shared(request: AnyRequest) -> dict[str, Any]:
    """What every template may name: language, `_`, `ngettext`, `fmt`, actor, tenant, nonce, form token."""
    state = _state(request)
    actor = state.get("actor")
    return {
        **spoken(language_of(request)),
        "actor": actor,
        "tenant": getattr(actor, "tenant", None),
        "csp_nonce": csp_nonce(request.scope),
        "form_token": state.get("form_token", ""),
        "path": request.url.path,
        "address": address_of(request),
    }


def address_of(request: AnyRequest) -> str:
    """The path and query as they were asked for, still percent-encoded."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
    return f"{path}?{query}" if query else path


def spoken(language: i18n.Language) -> dict[str, Any]:
    """The part of the context that depends on the language alone."""
    now = clock.now()

    def translated(message: str, /, **params: object) -> str:
        return i18n.translate(message, language, **params)

    def counted(singular: str, plural: str, n: int, /, **params: object) -> str:
        return i18n.ngettext(singular, plural, n, language, **params)

    return {
        "language": language,
        "_": translated,
        "ngettext": counted,
        "fmt": Formats(language, now),
        "now": now,
    }


def _state(request: AnyRequest) -> dict[str, Any]:
    return request.scope.get("state") or {}
