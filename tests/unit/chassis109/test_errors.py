"""The class says the error: its name is the problem type, its docstring the sentence, its status the status."""

import pytest

from chassis109.kernel import errors
from chassis109.kernel.errors import Conflict, FieldError, Invalid, Refused


class TicketAlreadyClosed(Conflict):
    """The ticket {reference} is closed;
    reopen it first."""


class Quiet(Refused):
    __doc__ = None


def test_the_name_of_the_class_is_the_type_of_the_problem() -> None:
    assert TicketAlreadyClosed.problem_type() == "ticket-already-closed"
    assert Conflict.problem_type() == "conflict"


def test_the_docstring_is_the_sentence_on_one_line() -> None:
    assert TicketAlreadyClosed.sentence() == "The ticket {reference} is closed; reopen it first."
    assert Quiet.sentence() == "The request was refused."


def test_parameters_fill_the_sentence_and_are_kept_for_its_translation() -> None:
    refused = TicketAlreadyClosed(reference="109-26-000123")

    assert str(refused) == "The ticket 109-26-000123 is closed; reopen it first."
    assert refused.params == {"reference": "109-26-000123"}


def test_a_parameter_that_is_missing_stays_visible_and_breaks_nothing() -> None:
    assert str(TicketAlreadyClosed()) == "The ticket {reference} is closed; reopen it first."


def test_a_refusal_that_invalid_fields_cause_names_each_of_them() -> None:
    wrong = (
        FieldError("phone", "required", "Fill in this field."),
        FieldError("text", "length", "Too long."),
    )

    assert Invalid(*wrong).errors == wrong
    assert Invalid(*wrong).members() == {}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Malformed", 400), ("Unauthenticated", 401), ("Forbidden", 403), ("NotFound", 404), ("Conflict", 409),
        ("TooLarge", 413), ("Invalid", 422), ("TooMany", 429), ("Unavailable", 503),
    ],
)  # fmt: skip
def test_every_kind_of_refusal_has_its_status(name: str, status: int) -> None:
    assert getattr(errors, name).status == status
