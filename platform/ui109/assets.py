"""Static files: our own and the vendored packages, under a path that carries their version."""

import hashlib
import mimetypes
from functools import cache
from pathlib import Path

import msgspec
from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from identity109.permissions import PUBLIC, requires

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 31_536_000


@cache
def version() -> str:
    """A short hash of our own static files and the vendor manifest: changed content has a new address."""
    digest = hashlib.sha256()
    for file in sorted(STATIC.rglob("*")):
        own = "vendor" not in file.relative_to(STATIC).parts or file.name == "manifest.json"
        if file.is_file() and own:
            digest.update(file.relative_to(STATIC).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def vendored() -> dict[str, str]:
    """Package → its folder under `static/vendor`; empty while `npm ci && npm run vendor` has not run."""
    manifest = STATIC / "vendor" / "manifest.json"
    return msgspec.json.decode(manifest.read_bytes(), type=dict[str, str]) if manifest.exists() else {}


def static_url(path: str) -> str:
    """The address of our own static file `path` (`css/app.css`)."""
    return f"/static/{version()}/{path}"


def vendor_url(package: str, path: str) -> str:
    """The address of a file of a vendored package; the empty string when it is not installed."""
    folder = vendored().get(package)
    return static_url(f"vendor/{folder}/{path}") if folder else ""


def static_router() -> Router:
    """Serves every static file, public and cached for a year, because its address carries the version."""
    mimetypes.add_type("font/woff2", ".woff2")
    mimetypes.add_type("text/javascript", ".mjs")
    return create_static_files_router(
        path=f"/static/{version()}",
        directories=[STATIC],
        name="static",
        opt=requires(PUBLIC),
        cache_control=CacheControlHeader(max_age=YEAR_SECONDS, public=True, immutable=True),
        include_in_schema=False,
    )
