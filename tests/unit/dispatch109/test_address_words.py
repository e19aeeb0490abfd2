"""Which words of an address tell one place from another."""

import re

import pytest

from chassis109.kernel.folding import fold
from dispatch109.calls.model import place_patterns


def same(typed: str, stored: str) -> bool:
    """As PostgreSQL compares: `\\m` and `\\M` are the edges of a word."""
    patterns = [pattern.replace(r"\m", r"\b").replace(r"\M", r"\b") for pattern in place_patterns(typed)]
    return bool(patterns) and all(re.search(pattern, fold(stored)) for pattern in patterns)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Жумабаева 109", "Жұмабаев көшесі 109"),
        ("Жұмабаев көшесі 109", "ул. Жумабаева, 109"),
        ("ул. Пушкина, дом 66, кв. 20", "Пушкина 66"),
        ("АБАЯ 12А", "абая 12а, подъезд 2"),
    ],
)
def test_the_same_address_is_found_in_another_writing(typed: str, stored: str) -> None:
    assert same(typed, stored)


@pytest.mark.parametrize(
    ("typed", "stored"), [("Абая 12", "Абая 121"), ("Абая 12", "Мира 12"), ("Пушкина 6", "Пушкина 66")]
)
def test_another_house_or_street_is_not_the_same(typed: str, stored: str) -> None:
    assert not same(typed, stored)


@pytest.mark.parametrize("typed", ["", "109", "ул. ", "көшесі", "дом 5", "((", "a\\b .* [x"])
def test_what_names_nothing_is_searched_for_nothing(typed: str) -> None:
    assert place_patterns(typed) == []


def test_a_very_long_address_stays_a_short_search() -> None:
    assert len(place_patterns("слово1 " * 200 + "улица Парковая " * 200)) <= 6
