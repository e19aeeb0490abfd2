"""What the processes of hub112 bring to the assembly of every service."""

import os
from pathlib import Path

from chassis109.bus import subjects
from hub112.migrate import PACKAGES
from hub112.settings import Settings
from identity109.settings import IdentitySettings
from ui109 import i18n
from ui109.assembly import Process, Service
from ui109.product import HUB
from ui109.statuses import STATUSES


def in_words(message: str, language: str, /, **params: object) -> str:
    """A sentence in `language`; the state it names is said as the screens say it."""
    state = STATUSES.get(str(params.get("state")))
    return i18n.translate(
        message, language, **params | ({"state": i18n.translate(state[1], language)} if state else {})
    )


SERVICE = Service(
    name="hub112",
    product=HUB,
    account=subjects.HUB,
    packages=PACKAGES,
    templates=Path(__file__).parent,
    in_words=in_words,
)


def build(name: str) -> Process:
    """A process of the service by the environment; nothing is contacted yet."""
    settings = Settings.from_environment(os.environ)
    return Process.build(name, SERVICE, settings, IdentitySettings.from_environment(os.environ, "HUB"))
