"""What people type is kept as they typed it, or refused by field and rule; never half of it."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis109.kernel.errors import Invalid
from chassis109.kernel.text import Form


def rules(form: Form) -> list[tuple[str, str]]:
    return [(error.field, error.rule) for error in form.errors]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Үйде су жоқ ", "Үйде су жоқ"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\tb", "a\tb"),
        ("и\u0306", "й"),  # written as two signs, kept as one
        ("=1+2", "=1+2"),  # a formula is only dangerous where a sheet is made of it
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("👷‍♀️ 😀", "👷‍♀️ 😀"),
        (None, ""),
        ("", ""),
    ],
)
def test_text_is_kept_in_one_form(typed: str | None, kept: str) -> None:
    form = Form()

    assert form.text("text", typed, most=100) == kept
    assert form.errors == []


@pytest.mark.parametrize(
    "sign",
    [
        "\x00",
        "\x08",
        "\x0b",
        "\x1b",
        "\x7f",
        "\x9f",
        "\ud800",
        "\u202e",
        "\u2066",
        "\ufffe",
        "\uffff",
    ],
)
def test_signs_that_cannot_be_stored_or_deceive_are_refused(sign: str) -> None:
    form = Form()

    assert form.text("text", f"a{sign}b", most=100) == ""
    assert rules(form) == [("text", "characters")]


def test_a_length_is_counted_in_characters_after_cleaning() -> None:
    form = Form()
    assert form.text("name", " " + "ә" * 10 + " ", most=10) == "ә" * 10
    assert form.text("name", "ә" * 11, most=10) == ""
    assert form.errors[0].params == {"most": 10, "length": 11}


def test_what_is_required_must_be_more_than_blanks() -> None:
    form = Form()
    form.text("text", " \n ", most=10, required=True)
    assert rules(form) == [("text", "required")]


def test_a_choice_is_one_of_the_listed_values_to_the_letter() -> None:
    form = Form()
    assert form.choice("language", "kk", {"kk", "ru"}) == "kk"
    for other in ("KK", "", None, "kk "):
        assert form.choice("language", other, {"kk", "ru"}) == ""
    assert rules(form) == [("language", "choice")] * 4


def test_every_field_is_judged_before_anything_is_refused() -> None:
    form = Form()
    form.text("text", "", most=10, required=True)
    form.refuse("point", "outside", "This point lies outside {tenant}.", tenant="Esil")

    with pytest.raises(Invalid) as refused:
        form.done()

    assert [(error.field, error.params) for error in refused.value.errors] == [
        ("text", {}),
        ("point", {"tenant": "Esil"}),
    ]


def test_a_form_without_errors_passes() -> None:
    Form().done()


@given(st.text())
def test_whatever_is_typed_is_refused_or_storable(typed: str) -> None:
    form = Form()

    kept = form.text("text", typed, most=50)

    assert kept == ("" if form.errors else unicodedata.normalize("NFC", kept))
    kept.encode()
    assert "\x00" not in kept
    assert len(kept) <= 50


def test_a_long_run_of_accents_is_refused_at_once() -> None:
    form = Form()

    begun = time.perf_counter()
    form.text("text", "a" + "\u0301\u0316" * 500_000, most=4000)

    assert rules(form) == [("text", "length")]
    assert time.perf_counter() - begun < 1
