"""The live process: `granian --factory region109.live:create_app`."""

from litestar import Litestar

from identity109.permissions import Permission
from region109.assembly import build
from ui109.live import live_application


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    return live_application(build("live"), "/rc/live", Permission.WALL_READ)
