"""Phones as people in Kazakhstan write them, and what is said when one cannot be right."""

import pytest

from chassis109.kernel.text import Form
from dispatch109.contacts.model import masked, read_phone

SPELLINGS = [
    "87051234567", "8 705 123 45 67", "8-705-123-45-67", "8 (705) 123-45-67", "8(705)1234567", " 8705 1234567 ",
    "+77051234567", "+7 705 123 45 67", "+7 (705) 123-45-67", "+7-705-123-45-67", "77051234567", "7 705 123 45 67",
    "7051234567", "705 123 45 67", "(705) 123-45-67", "705.123.45.67", "+7\u00a0705\u00a0123\u201145\u201167",
    "８７０５１２３４５６７", "8/705/1234567", "8 10 7 705 123 45 67",
]  # fmt: skip


@pytest.mark.parametrize("typed", SPELLINGS)
def test_every_spelling_of_one_phone_is_one_phone(typed: str) -> None:
    form = Form()

    assert read_phone(form, "phone", typed) == "+77051234567"
    assert form.errors == []


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("8 (7152) 46-12-34", "+77152461234"),  # Petropavl, a line in a flat
        ("7152 46 12 34", "+77152461234"),
        ("+7 715 33 2-12-34", "+77153321234"),  # a district
        ("+996 555 123 456", "+996555123456"),  # a guest from Kyrgyzstan
        ("+49 30 901820", "+4930901820"),
        ("8 495 123 45 67", "+74951234567"),  # the same country code on the other side of the border
    ],
)
def test_other_phones_are_taken_as_well(typed: str, phone: str) -> None:
    assert read_phone(Form(), "phone", typed) == phone


@pytest.mark.parametrize(
    ("typed", "rule", "params"),
    [
        ("", "required", {}),
        ("   ", "required", {}),
        ("112", "short_number", {"number": "112"}),
        ("109", "short_number", {"number": "109"}),
        ("1-0-3", "short_number", {"number": "103"}),
        ("461234", "phone_length", {"count": 6}),
        ("+7 705 123 45 6", "phone_length", {"count": 9}),
        ("8 705 123 45 67 8", "phone_length", {"count": 11}),
        ("0077051234567", "phone_length", {"count": 13}),
        ("+7 305 123 45 67", "phone_range", {}),
        ("8705123456", "phone_range", {}),
        ("нет телефона", "phone", {}),
        ("8 705 123 45 67 доб. 5", "phone", {}),
        ("tel:+77051234567", "phone", {}),
        ("+", "phone", {}),
        ("()", "phone", {}),
        ("1" * 40, "phone", {}),
        ("1" * 41, "length", {"most": 40, "length": 41}),
        ("705 123 45 67\u202e", "characters", {}),
        ("705\x001234567", "characters", {}),
        ("\ud800", "characters", {}),
    ],
)
def test_what_cannot_be_a_phone_is_refused_by_the_rule_it_breaks(
    typed: str, rule: str, params: dict[str, object]
) -> None:
    form = Form()

    assert read_phone(form, "phone", typed) == ""
    assert [(error.field, error.rule, error.params) for error in form.errors] == [("phone", rule, params)]


def test_an_applicant_without_a_phone_is_no_error_where_none_is_needed() -> None:
    form = Form()

    assert read_phone(form, "phone", "", required=False) == ""
    assert form.errors == []


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("+77051234567", "+7 705 ***-**-67"), ("+4930901820", "+4 930 ***-**-20"), ("123", "***")],
)
def test_a_masked_phone_keeps_what_recognises_it_and_not_what_reaches_it(phone: str, shown: str) -> None:
    assert masked(phone) == shown
