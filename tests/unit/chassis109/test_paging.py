"""Cursors: what encode makes decode reads, everything else is refused by field."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis109.kernel.errors import Invalid
from chassis109.kernel.ids import uuid7
from chassis109.web.paging import MOST, USUAL, decode, encode, page, size

KEY = tuple[datetime, UUID]


@given(
    at=st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1)),  # noqa: DTZ001 - naive by contract
    row=st.uuids(),
    tenant=st.integers(1, 32_000),
)
def test_a_cursor_comes_back_as_the_key_it_was_made_of(at: datetime, row: UUID, tenant: int) -> None:
    assert decode(encode(tenant, at, row), tenant, KEY) == (at, row)


def test_no_cursor_means_the_first_page() -> None:
    assert decode(None, 1, KEY) is None
    assert decode("", 1, KEY) is None


def test_the_cursor_of_another_tenant_is_refused() -> None:
    cursor = encode(2, datetime(2026, 1, 1, tzinfo=UTC), uuid7())
    with pytest.raises(Invalid) as refused:
        decode(cursor, 1, KEY)
    assert [error.field for error in refused.value.errors] == ["cursor"]


@given(st.text(max_size=60))
def test_garbage_is_refused(text: str) -> None:
    if text:
        with pytest.raises(Invalid):
            decode(text, 1, KEY)


@pytest.mark.parametrize(
    "cursor",
    [
        encode(1, 5),  # too few values
        encode(1, "2026-01-01T00:00:00Z", "no uuid"),
        encode(1, datetime(2026, 1, 1, tzinfo=UTC), uuid7()) + "=",
        encode(1, datetime(2026, 1, 1, tzinfo=UTC), uuid7(), 3),
        encode(1, "x" * 500, uuid7()),
        "W10",  # []
        "bnVsbA",  # null
        "MQ",  # 1
    ],
)
def test_a_cursor_of_another_shape_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        decode(cursor, 1, KEY)


def test_one_row_too_many_tells_that_there_is_a_next_page() -> None:
    rows = list(range(6))
    first = page(rows, 5, 1, lambda row: (row,))
    assert first.items == [0, 1, 2, 3, 4]
    assert decode(first.next, 1, tuple[int]) == (4,)
    assert page(rows[:5], 5, 1, lambda row: (row,)).next is None


def test_a_page_has_a_usual_and_a_greatest_size() -> None:
    assert size(None) == USUAL
    assert size(MOST) == MOST
    for limit in (0, -1, MOST + 1, 10**30):
        with pytest.raises(Invalid):
            size(limit)
