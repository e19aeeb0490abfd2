"""The pages that belong to no slice: the choice of language."""

from typing import Literal

from litestar import post
from litestar.datastructures import Cookie
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from identity109.local_path import local_path
from identity109.permissions import PUBLIC, requires
from ui109.assets import static_router
from ui109.templating import LANGUAGE_COOKIE

YEAR_SECONDS = 31_536_000


class LanguageChoice(Struct):
    """The form of the language switch."""

    language: Literal["kk", "ru", "en"]
    back: str = "/"


@post("/language", opt=requires(PUBLIC), status_code=303, include_in_schema=False)
async def choose_language(data: URLEncodedBody[LanguageChoice]) -> Redirect:
    """Remember the language for a year and go back to where the person was."""
    cookie = Cookie(
        key=LANGUAGE_COOKIE,
        value=data.language,
        max_age=YEAR_SECONDS,
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return Redirect(local_path(data.back, "/"), status_code=303, cookies=[cookie])


def routes() -> tuple[ControllerRouterHandler, ...]:
    """What an application mounts for its pages; the static files are read when it is called."""
    return (choose_language, static_router())
