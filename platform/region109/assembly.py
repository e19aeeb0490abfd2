"""What the processes of region109 bring to the assembly of every service."""

import os
from pathlib import Path

from chassis109.bus import subjects
from identity109.settings import IdentitySettings
from region109.migrate import PACKAGES
from region109.settings import Settings
from tenancy109.model import REGION as HOME
from ui109.assembly import Process, Service
from ui109.product import REGION

SERVICE = Service(
    name="region109",
    product=REGION,
    account=subjects.REGION,
    packages=PACKAGES,
    templates=Path(__file__).parent,
    home=HOME,
)


def build(name: str) -> Process:
    """A process of the service by the environment; nothing is contacted yet."""
    settings = Settings.from_environment(os.environ)
    return Process.build(name, SERVICE, settings, IdentitySettings.from_environment(os.environ, "REGION"))
