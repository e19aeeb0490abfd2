"""The live process: `granian --factory hub112.live:create_app`."""

from litestar import Litestar

from hub112.assembly import build
from ui109.live import live_application


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    return live_application(build("live"), "/hub/{slug:str}/live")
