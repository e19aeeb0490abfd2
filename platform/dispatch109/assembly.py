"""What the processes of dispatch109 bring to the assembly of every service: keys, folders, words of states."""

import os
from pathlib import Path

from dispatch109.contacts import service as contacts
from dispatch109.execution import repository as attachments
from dispatch109.migrate import PACKAGES
from dispatch109.settings import Settings
from dispatch109.tickets.model import State
from hub112.contract import State as HandoffState
from identity109.settings import IdentitySettings
from ui109 import i18n
from ui109.assembly import Process, Service
from ui109.product import DISPATCH
from ui109.statuses import STATUSES


def build(name: str) -> Process:
    """A process of the service by the environment; nothing is contacted yet."""
    settings = Settings.from_environment(os.environ)

    def prepare() -> None:
        contacts.use_keys(settings.contact_keys, settings.index_key)
        attachments.use_folder(settings.attachments)

    service = Service(
        name="dispatch109",
        product=DISPATCH,
        packages=PACKAGES,
        templates=Path(__file__).parent,
        in_words=in_words,
        prepare=prepare,
    )
    return Process.build(name, service, settings, IdentitySettings.from_environment(os.environ))


def in_words(message: str, language: str, /, **params: object) -> str:
    """A sentence in `language`; the states it names are said as the screens say them."""
    said = {
        name: i18n.translate(STATUSES[value][1], language)
        if isinstance(value, State | HandoffState)
        else value
        for name, value in params.items()
    }
    return i18n.translate(message, language, **said)
