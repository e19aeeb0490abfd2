"""Dates, durations, phones and numbers as people here write them."""

from datetime import UTC, datetime, timedelta

import pytest

from ui109 import formatting
from ui109.i18n import Language

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_moment_is_shown_on_the_clock_of_the_region(language: Language) -> None:
    assert formatting.moment(NOON, language) == "22.11.2026 17:00"


def test_a_moment_before_march_2024_is_six_hours_ahead() -> None:
    assert formatting.moment(datetime(2024, 2, 1, tzinfo=UTC), "ru") == "01.02.2024 06:00"


@pytest.mark.parametrize(
    ("seconds", "language", "shown"),
    [
        (-4320, "ru", "−1 ч 12 мин"),
        (-4320, "kk", "−1 сағ 12 мин"),
        (4320, "en", "1 h 12 min"),
        (0, "ru", "0 с"),
        (-0.4, "ru", "0 с"),
        (45, "ru", "45 с"),
        (3600, "ru", "1 ч"),
        (86400 * 2 + 3 * 3600 + 59, "ru", "2 д 3 ч"),
        (86400 * 2, "kk", "2 тәу"),
    ],
)
def test_a_duration_says_its_two_largest_units(seconds: float, language: Language, shown: str) -> None:
    assert formatting.duration(seconds, language) == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (timedelta(seconds=20), "только что"),
        (timedelta(minutes=5), "5 минут назад"),
        (timedelta(hours=3), "3 часа назад"),
        (timedelta(days=2), "20.11.2026 17:00"),
        (timedelta(seconds=-90), "22.11.2026 17:01"),
    ],
)
def test_recent_moments_are_relative_and_others_are_dates(ago: timedelta, shown: str) -> None:
    assert formatting.relative(NOON - ago, NOON, "ru") == shown


@pytest.mark.parametrize(
    ("left", "term", "state"),
    [(-1, 100_000, "late"), (60, 100_000, "soon"), (1800, 100_000, "ok"), (20, 60, "ok"), (14, 60, "soon")],
)
def test_a_clock_is_soon_in_the_last_half_hour_or_quarter_whichever_is_shorter(
    left: int, term: int, state: str
) -> None:
    due = NOON + timedelta(seconds=left)

    assert formatting.sla_state(due, NOON, due - timedelta(seconds=term)) == state


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("+77051234567", "+7 705 123 45 67"), ("109", "109"), ("+442079460000", "+44 20 7946 0000"), ("", "")],
)
def test_a_phone_is_grouped_as_it_is_dictated(stored: str, shown: str) -> None:
    assert formatting.phone(stored) == shown


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("+77011234567", "+7 701 ***-**-67"), ("+442079460000", "***00"), ("109", "***")],
)
def test_a_masked_phone_keeps_the_operator_code_and_two_digits(stored: str, shown: str) -> None:
    assert formatting.masked_phone(stored) == shown


def test_thousands_are_separated_as_in_the_language() -> None:
    shown = [formatting.number(12345.5, language) for language in ("ru", "en")]

    assert shown == ["12\xa0345,5", "12,345.5"]


def test_a_name_falls_back_to_kazakh() -> None:
    fmt = formatting.Formats("en", NOON)

    assert fmt.name({"kk": "Су", "ru": "Вода"}) == "Су"
