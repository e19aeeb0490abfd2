"""Whoever touches a history breaks its chain."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from chassis109.kernel import chain

AT = datetime(2026, 11, 22, 22, 30, 0, 123456, tzinfo=UTC)


def written(*rows: dict[str, Any]) -> list[tuple[dict[str, Any], bytes]]:
    previous, found = chain.START, []
    for row in rows:
        previous = chain.link(previous, row)
        found.append((row, previous))
    return found


def rows() -> list[tuple[dict[str, Any], bytes]]:
    return written(*({"seq": n, "at": AT, "note": "әрекет", "detail": {"by": None}} for n in range(1, 5)))


def test_a_history_that_nobody_touched_follows_from_its_start() -> None:
    assert chain.verify(rows()) is None
    assert chain.verify([]) is None


def test_the_order_of_keys_says_nothing() -> None:
    assert chain.link(b"", {"a": 1, "b": {"c": 2, "d": 3}}) == chain.link(
        b"", {"b": {"d": 3, "c": 2}, "a": 1}
    )


@pytest.mark.parametrize("place", range(4))
def test_a_row_that_was_altered_is_named(place: int) -> None:
    touched = rows()
    touched[place] = ({**touched[place][0], "note": "другое"}, touched[place][1])

    assert chain.verify(touched) == place


def test_a_row_that_was_dropped_breaks_at_the_next() -> None:
    assert chain.verify([*rows()[:1], *rows()[2:]]) == 1


def test_rows_that_changed_places_break_at_the_first_of_them() -> None:
    first, second, *others = rows()

    assert chain.verify([second, first, *others]) == 0


def test_an_altered_row_with_a_digest_of_its_own_breaks_at_the_row_behind_it() -> None:
    touched = rows()
    content = {**touched[1][0], "note": "другое"}
    touched[1] = (content, chain.link(touched[0][1], content))

    assert chain.verify(touched) == 2


def test_ids_and_moments_are_read_back_as_they_were_written() -> None:
    row = {"id": UUID(int=7), "at": AT}

    assert chain.link(b"", row) == chain.link(
        b"", {"id": str(UUID(int=7)), "at": "2026-11-22T22:30:00.123456Z"}
    )


def test_fractions_are_refused_because_a_database_writes_them_otherwise() -> None:
    with pytest.raises(TypeError):
        chain.link(b"", {"detail": {"places": [1.5]}})
