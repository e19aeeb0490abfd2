"""Subjects: names of ours between the dots, nothing else."""

import pytest

from chassis109.bus import subjects


def test_the_account_of_a_tenant_is_written_in_capitals() -> None:
    assert subjects.account_of("shal-aqyn") == "T_SHAL_AQYN"


def test_subjects_are_made_of_tenant_and_kind() -> None:
    assert subjects.feed("esil", "ticket") == "sko.feed.esil.ticket"
    assert subjects.ui("esil", "ticket") == "ui.esil.ticket"
    assert subjects.ui("esil", "*") == "ui.esil.*"


def test_what_wakes_a_relay_is_one_word_that_no_tenants_subject_can_be() -> None:
    assert subjects.wake() == "wake"
    assert not subjects.matches("sko.>", subjects.wake())


@pytest.mark.parametrize("text", ["", ">", "*", "a.b", "a b", "é", "A", "a\r\nPUB x", "-a", "a" + "\u0430"])
def test_what_could_reach_beyond_its_place_is_refused(text: str) -> None:
    with pytest.raises(subjects.SubjectRefused):
        subjects.feed("esil", text)
    with pytest.raises(subjects.SubjectRefused):
        subjects.account_of(text)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("sko.feed.*.ticket", "sko.feed.esil.ticket", True),
        ("sko.feed.*.ticket", "sko.feed.esil.audit", False),
        ("sko.feed.*", "sko.feed.esil.ticket", False),
        ("sko.>", "sko.feed.esil.ticket", True),
        ("sko.>", "sko", False),
        ("sko.feed.esil.ticket.>", "sko.feed.esil.ticket", False),
    ],
)
def test_patterns_match_as_the_broker_matches(pattern: str, subject: str, expected: bool) -> None:
    assert subjects.matches(pattern, subject) is expected


def test_a_message_id_is_a_uuid_or_none() -> None:
    assert subjects.message_uuid("01a204ce-859e-76d3-83d5-0e6ac3170740") is not None
    assert subjects.message_uuid("not one") is None
    assert subjects.message_uuid(None) is None
