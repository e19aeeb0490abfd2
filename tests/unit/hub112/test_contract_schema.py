"""The contract in code takes and refuses what the published schema takes and refuses."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.hub112.documents import (
    PUBLISHED,
    SAMPLE,
    by_kind,
    changed,
    differing,
    judge,
    places,
    stricter,
    values,
    whole,
    without,
)

from hub112 import contract

published = judge(PUBLISHED)
generated = judge(contract.json_schema())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
PLACES = [(steps, schema) for steps, schema in places(whole(), PUBLISHED)]


def taken(document: Any) -> bool:
    """Whether `decode` takes it; what it refuses it refuses by the catalogue and by nothing else."""
    try:
        contract.decode(json.dumps(document).encode())
    except contract.ContractError:
        return False
    return True


def differences(documents: Iterable[Any]) -> list[str]:
    """Where the three do not agree, our stricter rules left out: those must refuse."""
    found = []
    for document in documents:
        rule = stricter(document)
        wanted = published(document) and not rule
        ours = generated(document) and not rule
        if (taken(document), ours) != (wanted, wanted):
            found.append(
                f"published {wanted}, ours {ours}, decode {taken(document)} {rule}: {document}"[:2000]
            )
    return found


def test_the_sample_is_taken_by_all() -> None:
    assert published(SAMPLE)
    assert generated(SAMPLE)
    assert taken(SAMPLE)


def test_the_document_with_every_field_is_taken_by_all() -> None:
    assert published(whole())
    assert generated(whole())
    assert taken(whole())


def test_what_is_read_is_written_back_as_it_was() -> None:
    for document in (SAMPLE, whole()):
        assert json.loads(contract.encode(contract.decode(json.dumps(document).encode()))) == document


def test_a_document_changed_in_one_place_is_judged_alike() -> None:
    documents = list(differing())

    assert len(documents) > 2000
    assert differences(documents) == []


def test_every_kind_with_and_without_what_it_needs_is_judged_alike() -> None:
    assert differences(by_kind()) == []


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_documents_changed_in_any_places_are_judged_alike(data: st.DataObject) -> None:
    document = whole()
    for steps, schema in data.draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4)):
        value = data.draw(ANYTHING | st.sampled_from(list(values(schema, "2026-02-29T08:00:00+05:00"))))
        try:
            document = without(document, steps) if value is None else changed(document, steps, value)
        except (KeyError, IndexError, TypeError):  # an earlier change took the place away
            continue
    assert differences([document]) == []


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_taken_or_refused_by_the_catalogue(payload: bytes) -> None:
    with pytest.raises(contract.ContractError):
        contract.decode(payload)


@pytest.mark.parametrize(
    ("steps", "value", "rule"),
    [
        (("incident", "narrative"), "x\x00y", "control characters"),
        (("sentAt",), "2026-02-30T08:00:00+05:00", "moments that do not exist"),
        (("expiresAt",), "0001-01-01T00:00:00+05:00", "moments that do not exist"),
        (("incident", "narrative"), "\ud800", "half characters"),
        (("incident", "attachments", 0, "size"), 2**53 + 2, "numbers that are no longer exact"),
        (("seq",), 2**31, "a seq beyond 32 bits"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_our_stricter_rules_refuse_what_the_schema_takes(steps: Any, value: Any, rule: str) -> None:
    document = changed(whole(), steps, value)

    assert published(document)
    assert stricter(document) == rule
    assert not taken(document)
    assert rule.rsplit(maxsplit=1)[-1] in (contract.__doc__ or "")


def test_a_message_that_is_too_large_is_refused_whatever_it_says() -> None:
    note = {"at": whole()["sentAt"], "text": "x" * 4000}
    document = changed(whole(), ("incident", "notes"), [note] * 70)

    assert published(document)
    assert not taken(document)


def test_a_moment_in_a_text_is_only_text() -> None:
    assert taken(changed(whole(), ("incident", "narrative"), "2026-02-30T08:00:00+05:00"))
