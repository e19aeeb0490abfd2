"""The form of a call: text from a browser becomes what the verbs want."""

from math import isnan

import pytest

from dispatch109.calls.pages import CallForm


def test_coordinates_are_read_with_a_comma_or_a_point() -> None:
    said = CallForm(lon=" 69,1401", lat="54.8701").said()

    assert (said.lon, said.lat) == (69.1401, 54.8701)


def test_empty_fields_say_nothing() -> None:
    said = CallForm().said()

    assert (said.lon, said.lat, said.priority) == (None, None, None)


@pytest.mark.parametrize("typed", ["abc", "1e", "54.8.1"])
def test_what_is_no_number_is_handed_on_to_be_refused_by_name(typed: str) -> None:
    said = CallForm(lon=typed, lat="54.87", priority=typed).said()

    assert said.lon is not None
    assert isnan(said.lon)
    assert said.priority == 0
