"""What tells the screens of one service from those of another: its number and the words for its places."""

from dataclasses import dataclass

from ui109.i18n import mark


@dataclass(frozen=True, kw_only=True)
class Product:
    """The number stands on every page; the sentences are message ids."""

    name: str
    title: str
    choose: str
    choose_another: str
    nowhere: str
    """Said to somebody who is signed in and a member of no place."""
    navigation: str
    """The template of the main menu."""


DISPATCH = Product(
    name="109",
    title=mark("Dispatch 109"),
    choose=mark("Choose a city or district"),
    choose_another=mark("Choose another city or district"),
    nowhere=mark("You are not a member of any city or district."),
    navigation="dispatch/nav.html",
)
REGION = Product(
    name="109",
    title=mark("Regional command centre 109"),
    choose=mark("Choose the region"),
    choose_another=mark("Choose another place of work"),
    nowhere=mark("You are not a member of the regional command centre."),
    navigation="region/nav.html",
)
HUB = Product(
    name="112",
    title=mark("Emergency hub 112"),
    choose=mark("Choose a desk"),
    choose_another=mark("Choose another desk"),
    nowhere=mark("You are not a member of any desk."),
    navigation="hub/nav.html",
)
