"""What a batch comes to, worked out without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis109.kernel.messages import Delivery
from region109.contract import AuditHeadFact, HandoffFact
from region109.feed import model
from region109.feed.model import Mark, Rejected, Said

AT = datetime(2026, 11, 23, 7, tzinfo=UTC)
ONE = UUID(int=1)
THING: model.Object = ("handoff", 5, ONE)


def said(version: int, seq: int, thing: UUID = ONE) -> Said:
    fact = HandoffFact(
        tenant="esil", id=thing, incident="kz.sko.esil.2026.1", kind="fire", mode="live", service="101",
        state="created", version=version, priority="P1", sent_at=AT, hub_at=None, receipt_at=None, seen_at=None,
        decided_at=None, unit_at=None, ended_at=None, decide_by=AT, late=False, alarm=None,
    )  # fmt: skip
    return Said(5, seq, AT + timedelta(seconds=seq), fact)


def head(digest: str, seq: int) -> Said:
    return Said(5, seq, AT, AuditHeadFact(tenant=5, seq=1, last_id=1, digest=digest * 32, sealed_at=AT))


@pytest.mark.parametrize(
    ("stored", "told", "fresh", "late"),
    [
        ({}, [(1, 1), (2, 2), (3, 3)], (3, 3), []),
        ({}, [(3, 1), (3, 2)], (3, 1), []),
        ({THING: Mark(3, 7)}, [(3, 7), (3, 8)], None, []),
        ({THING: Mark(3, 7)}, [(3, 2)], (3, 2), []),
        ({THING: Mark(3, 7)}, [(1, 4), (2, 5)], None, []),
        ({THING: Mark(3, 7)}, [(2, 8)], None, [8]),
        ({}, [(2, 1), (1, 2), (4, 3), (3, 4)], (4, 3), [2, 4]),
    ],
    ids=[
        "the newest wins", "of one version the first", "said again", "the first comes late", "delivered twice",
        "older behind newer", "older within a batch",
    ],
)  # fmt: skip
def test_the_newest_version_wins_and_only_what_is_late_in_the_stream_is_late(
    stored: dict[model.Object, Mark],
    told: list[tuple[int, int]],
    fresh: tuple[int, int] | None,
    late: list[int],
) -> None:
    sifted = model.sift([said(*one) for one in told], stored)
    assert [(one.version, one.seq) for one in sifted.fresh.values()] == ([fresh] if fresh else [])
    assert [one.seq for one in sifted.late] == late


def test_what_a_tenant_has_said_is_counted_by_versions() -> None:
    batch = [said(2, 4), said(5, 6), said(1, 9, UUID(int=2))]
    stored = {THING: Mark(1, 3)}
    tallies = model.tallied(batch, model.sift(batch, stored), stored)
    assert (tallies[5].facts, tallies[5].tickets, tallies[5].fact_at) == (5, 0, AT + timedelta(seconds=9))


def test_a_head_that_differs_is_no_news_and_no_repetition() -> None:
    thing = head("ab", 1).object
    sifted = model.sift([head("ab", 2), head("cd", 3)], {thing: Mark(1, 0, "ab" * 32)})
    assert (sifted.fresh, sifted.late, [one.seq for one in sifted.other]) == ({}, [], [3])


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("sko.feed.esil.ticket", "sko.feed.esil.ticket"),
        ("sko.feed.esil.Айгүл", "sko.feed.esil.?"),
        ("sko.feed.Айгүл.ticket", "sko.feed.?.ticket"),
        ("sko.pulse.esil", "sko.pulse.esil"),
        ("Айгүл.a.b.c.d.e.f.g", "?.?.?.?.?"),
    ],
)
def test_of_a_subject_only_known_words_stay_in_sight(subject: str, shown: str) -> None:
    delivery = Delivery(subject, ONE, b"{}", AT, sequence=3)
    assert model.refusal(Rejected(delivery, None, "json"), {"esil": 5}, AT).subject == shown


@pytest.mark.parametrize("subject", ["sko", "sko.feed", "", "...", "sko.feed.esil", "a.b.esil.ticket"])
def test_a_subject_of_any_form_is_judged(subject: str) -> None:
    delivery: Any = Delivery(subject, ONE, b"{}", AT, sequence=3)
    judged = model.judged(delivery, {"esil": 5})
    assert isinstance(judged, Rejected)
    assert judged.reason == ("subject" if ".esil" in subject else "unknown-tenant")
