"""Dates, durations, numbers and phones as people here write them.

Browsers have no Kazakh locale data and Babel's Kazakh patterns differ from what staff write, so every
pattern is explicit. Moments are stored in UTC and shown in Asia/Almaty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import phonenumbers
from babel.dates import format_datetime
from babel.numbers import format_decimal

from ui109.i18n import Language, ngettext, translate

ZONE = ZoneInfo("Asia/Almaty")
MINUTE, HOUR, DAY = 60, 3600, 86400
SOON_SECONDS = 30 * MINUTE
MINUS = "−"
SlaState = Literal["ok", "soon", "late"]
UNITS: dict[Language, dict[str, str]] = {
    "kk": {"d": "тәу", "h": "сағ", "min": "мин", "s": "с"},
    "ru": {"d": "д", "h": "ч", "min": "мин", "s": "с"},
    "en": {"d": "d", "h": "h", "min": "min", "s": "s"},
}


def moment(at: datetime, language: Language, pattern: str = "dd.MM.yyyy HH:mm") -> str:
    """`at` (aware) on the clock of the region, by a CLDR pattern."""
    return format_datetime(at, pattern, tzinfo=ZONE, locale=language)


def duration(seconds: float, language: Language) -> str:
    """Two largest units: '2 д 3 ч', '1 ч 12 мин', '12 мин', '45 с'; a minus sign when negative."""
    whole = int(abs(seconds))
    unit = UNITS[language]
    parts: tuple[tuple[int, str], ...]
    if whole >= DAY:
        parts = ((whole // DAY, "d"), (whole % DAY // HOUR, "h"))
    elif whole >= HOUR:
        parts = ((whole // HOUR, "h"), (whole % HOUR // MINUTE, "min"))
    elif whole >= MINUTE:
        parts = ((whole // MINUTE, "min"),)
    else:
        parts = ((whole, "s"),)
    shown = [f"{count} {unit[name]}" for place, (count, name) in enumerate(parts) if count or place == 0]
    return (MINUS if seconds < 0 and whole else "") + " ".join(shown)


def relative(at: datetime, now: datetime, language: Language) -> str:
    """'5 минут назад' up to an hour, '3 часа назад' up to a day, then the date."""
    seconds = int((now - at).total_seconds())
    if 0 <= seconds < MINUTE:
        return translate("just now", language)
    if 0 <= seconds < HOUR:
        return ngettext("{n} minute ago", "{n} minutes ago", seconds // MINUTE, language)
    if 0 <= seconds < DAY:
        return ngettext("{n} hour ago", "{n} hours ago", seconds // HOUR, language)
    return moment(at, language)


def sla_state(due: datetime, now: datetime, started: datetime | None = None) -> SlaState:
    """Late after `due`; soon in the last quarter of the term or the last 30 minutes, whichever is shorter."""
    left = (due - now).total_seconds()
    if left < 0:
        return "late"
    return "soon" if left < soon_seconds(due, started) else "ok"


def soon_seconds(due: datetime, started: datetime | None = None) -> int:
    """How many seconds before `due` a clock turns to "soon"."""
    if started is None:
        return SOON_SECONDS
    return min(SOON_SECONDS, int((due - started).total_seconds() / 4))


def phone(e164: str) -> str:
    """`+77051234567` → `+7 705 123 45 67`; short numbers and what is no number stay as they are."""
    digits = e164.removeprefix("+")
    if e164.startswith("+7") and len(digits) == 11 and digits.isdigit():
        return f"+7 {digits[1:4]} {digits[4:7]} {digits[7:9]} {digits[9:]}"
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def masked_phone(e164: str) -> str:
    """`+77011234567` → `+7 701 ***-**-67`: for those who may not see personal data."""
    if e164.startswith("+7") and len(e164) == 12:
        return f"+7 {e164[2:5]} ***-**-{e164[10:]}"
    return f"***{e164[-2:]}" if len(e164) > 5 else "***"


def number(value: float, language: Language, pattern: str = "#,##0.##") -> str:
    """Thousands by a narrow or no-break space (kk, ru) or a comma (en)."""
    return format_decimal(value, pattern, locale=language)


def size(count: int, language: Language) -> str:
    """A file size in megabytes with one decimal, at least 0.1."""
    return f"{number(max(count / 1_048_576, 0.1), language, '0.0')} {translate('MB', language)}"


@dataclass(frozen=True, slots=True)
class Formats:
    """The same functions with the language of the page: `fmt` in templates."""

    language: Language
    now: datetime

    def moment(self, at: datetime, pattern: str = "dd.MM.yyyy HH:mm") -> str:
        """Date and time in the region."""
        return moment(at, self.language, pattern)

    def date(self, at: datetime) -> str:
        """The date in the region."""
        return moment(at, self.language, "dd.MM.yyyy")

    def time(self, at: datetime) -> str:
        """The time of day in the region."""
        return moment(at, self.language, "HH:mm")

    def ago(self, at: datetime) -> str:
        """How long ago, or the date."""
        return relative(at, self.now, self.language)

    def duration(self, seconds: float) -> str:
        """A length of time in words."""
        return duration(seconds, self.language)

    def left(self, due: datetime) -> str:
        """The time until `due`, negative when it has passed."""
        return duration((due - self.now).total_seconds(), self.language)

    def sla_state(self, due: datetime, started: datetime | None = None) -> SlaState:
        """ok, soon or late."""
        return sla_state(due, self.now, started)

    def soon_seconds(self, due: datetime, started: datetime | None = None) -> int:
        """When a clock turns to "soon"."""
        return soon_seconds(due, started)

    def phone(self, e164: str) -> str:
        """A phone for those who may see it."""
        return phone(e164)

    def masked_phone(self, e164: str) -> str:
        """A phone for those who may not."""
        return masked_phone(e164)

    def number(self, value: float, pattern: str = "#,##0.##") -> str:
        """A number with the language's separators."""
        return number(value, self.language, pattern)

    def size(self, count: int) -> str:
        """A file size."""
        return size(count, self.language)

    def name(self, names: Mapping[str, str]) -> str:
        """The name of a thing (`{kk, ru, en}`) in the page's language, else in Kazakh, else any."""
        return names.get(self.language) or names.get("kk") or next(iter(names.values()), "")
