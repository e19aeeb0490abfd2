"""The live process of a service: event streams of open screens, apart from the web process so that neither
blocks the other."""

from typing import Any

from litestar import Litestar, Request, get
from litestar.config.cors import CORSConfig
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.response import Stream

from chassis109.web.sse import Streams
from identity109.actor import Actor
from identity109.fetch_site import refuse_foreign_origin
from identity109.permissions import SIGNED_IN, Permission, requires
from ui109.assembly import Process, assemble


def live_application(process: Process, path: str, permission: Permission = SIGNED_IN) -> Litestar:
    """The application with one stream at `path`, which names the tenant by `{slug:str}` unless the service has a
    home; there a permission must be asked for."""
    streams = Streams(process.feed)

    @get(path, opt=requires(permission), include_in_schema=False)
    async def live(request: Request[Any, Any, Any], actor: NamedDependency[SkipValidation[Actor]]) -> Stream:
        """The events of one tenant for one person, as long as the session holds."""
        refuse_foreign_origin(request, process.settings.url)
        tenant, session = actor.here, actor.session_id or b""
        return streams.open(
            tenant.slug,
            f"{tenant.id}:{actor.subject}",
            request.headers.get("last-event-id"),
            lambda: process.gate.still_valid(session, tenant.id),
        )

    # Locally the two processes have two ports, so the page's origin is another one; in production it is the same.
    cors = CORSConfig(allow_origins=[process.settings.url], allow_credentials=True)
    return assemble(process, [live], cors=cors, on_start=streams.end_on_sigterm)
