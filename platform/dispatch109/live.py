"""The live process: `granian --factory dispatch109.live:create_app`."""

from litestar import Litestar

from dispatch109.assembly import build
from ui109.live import live_application


def create_app() -> Litestar:
    """Assemble the process from its environment."""
    return live_application(build("live"), "/t/{slug:str}/live")
