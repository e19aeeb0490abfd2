"""What the platform says, in Kazakh, Russian and English.

A message id is the English sentence itself. Catalogues are `locale/<language>/<package>.po`, merged per
language; the same id may stand in two files only with the same translation.
"""

import gettext
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["kk", "ru", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: dict[Language, str] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
DEFAULT: Language = "kk"
LOCALE = Path(__file__).parent / "locale"


class CatalogueConflict(ValueError):
    """Two catalogue files of one language translate the same message differently."""


class _Shown(dict[str, object]):
    """Parameters of a sentence; an unknown placeholder stays visible instead of failing the page."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def mark(message: str) -> str:
    """Mark an English message id that is translated elsewhere, so that the extraction finds it."""
    return message


def merged(files: Iterable[Path], language: str) -> Catalog:
    """One catalogue out of several .po files of `language`. Raises CatalogueConflict."""
    catalogue = Catalog(locale=language)
    for file in sorted(files):
        with file.open("rb") as source:
            part = read_po(source, locale=language, abort_invalid=True)
        for message in part:
            if not message.id:
                continue
            known = catalogue.get(message.id)
            if known and known.string != message.string:
                raise CatalogueConflict(f"{file}: {message.id!r} has another translation in an earlier file")
            catalogue.add(message.id, message.string, flags=message.flags)
    return catalogue


@cache
def _translations(language: Language) -> gettext.NullTranslations:
    """The compiled catalogue; English is its own message ids."""
    if language == "en":
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, merged((LOCALE / language).glob("*.po"), language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def load() -> None:
    """Read every catalogue now, so that a broken one stops the start and not the first page."""
    for language in LANGUAGES:
        _translations(language)


def spoken(language: str | None) -> Language:
    """`language` when we speak it, else the default."""
    return next((known for known in LANGUAGES if known == language), DEFAULT)


def translate(message: str, language: str, /, **params: object) -> str:
    """`message` (an English sentence with `{placeholders}`) in `language`, filled in with `params`."""
    text = _translations(spoken(language)).gettext(message) if message else ""
    return text.format_map(_Shown(params)) if params else text


def ngettext(singular: str, plural: str, n: int, language: str, /, **params: object) -> str:
    """The form for `n` things; `{n}` in the sentence is the number."""
    text = _translations(spoken(language)).ngettext(singular, plural, n)
    return text.format_map(_Shown({"n": n, **params}))


def choose(cookie: str | None, profile: str | None, accept_language: str | None) -> Language:
    """The person's language: chosen on this machine, else the profile's, else the browser's, else Kazakh.

    The cookie is set by the language switch only, so it is a later wish than the profile.
    """
    for wish in (cookie, profile, *_by_quality(accept_language or "")):
        for known in LANGUAGES:
            if wish == known:
                return known
    return DEFAULT


def _by_quality(header: str) -> list[str]:
    """Primary language tags of an Accept-Language header, the most wanted first; garbage counts nothing."""
    wishes: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        wishes.append((-weight, position, tag.split("-")[0].lower()))
    return [tag for weight, _, tag in sorted(wishes) if weight < 0]
