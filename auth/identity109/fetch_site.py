"""Refusal of requests that another site made the browser send."""

from typing import Any

from litestar.connection import ASGIConnection

from identity109.errors import CrossSiteRefused

AnyConnection = ASGIConnection[Any, Any, Any, Any]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_cross_site(connection: AnyConnection, origin: str) -> None:
    """Let an unsafe request pass only when the browser says it is same-origin.

    Sec-Fetch-Site cannot be set by a page. Browsers without it send Origin with every unsafe request;
    a request with neither is refused.
    """
    site = connection.headers.get("sec-fetch-site")
    if site is None:
        if connection.headers.get("origin") != origin:
            raise CrossSiteRefused
    elif site != "same-origin":
        raise CrossSiteRefused


def refuse_foreign_origin(connection: AnyConnection, origin: str) -> None:
    """Let a stream be opened by our own pages only.

    Another port of this host is the same site: its pages cannot read the stream, but the browser sends our cookie
    with theirs, and every open stream counts against the person.
    """
    if connection.headers.get("origin", origin) != origin:
        raise CrossSiteRefused
