"""Reading subjects and messages: what is wrong is said by its code of the catalogue, and never by anything else."""

import json
from typing import Any
from uuid import UUID

import pytest
from tests.unit.hub112.documents import ID, SAMPLE, changed, whole, without

from hub112.contract import (
    MODES,
    SERVICES,
    Address,
    ContractError,
    FaultCode,
    decode,
    message_id_of,
    moment,
    stamp,
)


def refused(payload: bytes) -> ContractError:
    """The refusal of a message."""
    with pytest.raises(ContractError) as caught:
        decode(payload)
    return caught.value


def written(document: Any) -> bytes:
    """A document as it travels."""
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b'{"schema":', b"\xff\xfe", "{}".encode("utf-16"), b"[]", b"null", b"1", b"{}", b"[" * 100_000],
    ids=["nothing", "cut", "cut later", "no UTF-8", "UTF-16", "list", "null", "number", "empty", "deep"],
)  # fmt: skip
def test_what_is_no_envelope_is_an_unrecognised_format(payload: bytes) -> None:
    assert refused(payload).code is FaultCode.UNRECOGNISED_FORMAT


@pytest.mark.parametrize("version", ["sko.handoff/2.0", "sko.handoff/1", "", None, 1, ["sko.handoff/1.0"]])
def test_another_version_is_refused_as_such_even_when_the_rest_is_wrong(version: object) -> None:
    assert refused(written({"schema": version})).code is FaultCode.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (changed(SAMPLE, ("incident", "location", "geo", "lat"), 91), "`$.incident.location.geo.lat`"),
        (changed(SAMPLE, ("incident", "notes", 0, "text"), "a\x07b"), "`$.incident.notes[0].text`"),
        (changed(SAMPLE, ("incident", "title"), {}), "`$.incident.title`"),
        (changed(SAMPLE, ("expiresAt",), "2026-02-30T08:00:00+05:00"), "`$.expiresAt`"),
        (changed(SAMPLE, ("handoffId",), ID.replace("-", "")), "`$.handoffId`"),
        (without(SAMPLE, ("incident",)), "`$`"),
        (changed(whole(), ("kind",), "decline") | {"reply": {"reason": "x"}}, "`$.reply`"),
    ],
    ids=[
        "number",
        "control character",
        "no language",
        "no such day",
        "id",
        "needs an incident",
        "needs a reason",
    ],
)
def test_an_invalid_message_is_told_where_it_is_wrong(document: Any, path: str) -> None:
    error = refused(written(document))

    assert error.code is FaultCode.INVALID_MESSAGE
    assert error.text.endswith(f"at {path}")


def test_a_refusal_does_not_repeat_what_people_said() -> None:
    document = changed(SAMPLE, ("incident", "caller", "phone"), "8 700 123 45 67 Иван")

    assert "Иван" not in refused(written(document)).text


@pytest.mark.parametrize("said", ["Айгүл +77051234567", "x` - at `$.Айгүл", "a" * 100_000])
def test_a_refusal_repeats_neither_a_value_nor_a_name_that_somebody_wrote(said: str) -> None:
    for document, text in (
        (changed(SAMPLE, ("kind",), said), "Invalid enum value - at `$.kind`"),
        (SAMPLE | {said: 1}, "Object contains unknown field"),
        (changed(SAMPLE, ("incident", said), 1), "Object contains unknown field - at `$.incident`"),
    ):
        assert refused(written(document)).text == text
    assert refused(written(SAMPLE | {"priorty": 1})).text == "Object contains unknown field `priorty`"


def test_the_id_of_a_broken_message_is_found_for_its_sender() -> None:
    payload = written(SAMPLE)

    assert message_id_of(payload[:200]) == UUID(SAMPLE["messageId"])
    assert message_id_of(b'{"messageId" :\n "' + ID.upper().encode() + b'", \xff') == UUID(ID)
    assert message_id_of(b'{"messageId":"' + b"-" * 36 + b'"}') is None
    assert message_id_of(b"") is None


@pytest.mark.parametrize("direction", ["handoff", "return", "desk", "reply", "cross"])
def test_a_subject_is_read_as_it_was_written(direction: Any) -> None:
    for mode in MODES:
        for service in SERVICES:
            address = Address(mode, direction, service, "shal-aqyn", UUID(ID))
            assert Address.of(address.subject) == address


@pytest.mark.parametrize(
    "subject",
    [
        "", "sko", f"sko.live.handoff.101.petropavl.{ID}.more", f"sko.live.handoff.101.{ID}",
        f"sko.war.handoff.101.petropavl.{ID}", f"sko.live.handoff.109.petropavl.{ID}",
        f"sko.live.order.101.petropavl.{ID}", "sko.live.handoff.101.petropavl.7", f"sko.live.return.101.petropavl.{ID}",
        f"sko.live.cross.101.102.{ID}", f"hub.live.handoff.101.102.{ID}", f"other.live.handoff.101.petropavl.{ID}",
        f"sko.live.handoff.101.petropavl.{ID.replace('-', '')}",
    ],
)  # fmt: skip
def test_a_subject_that_is_none_of_ours_is_unroutable(subject: str) -> None:
    with pytest.raises(ContractError) as caught:
        Address.of(subject)
    assert caught.value.code is FaultCode.UNROUTABLE


def test_a_moment_survives_the_way_through_a_message() -> None:
    at = moment("2026-03-11T08:15:02.123+05:00")

    assert moment(stamp(at)) == at
    assert stamp(at) == "2026-03-11T08:15:02.123+05:00"


def test_only_technical_faults_may_be_tried_again() -> None:
    faults = {code: ContractError(code, "x").fault() for code in FaultCode}

    assert {code for code, fault in faults.items() if fault.retryable} == {FaultCode.TECHNICAL}
    assert {fault.name for fault in faults.values()} == {code.name.lower() for code in FaultCode}
