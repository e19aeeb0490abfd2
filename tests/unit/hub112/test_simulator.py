"""The machine of a desk, without a broker: what it says, in which order, and what it never says twice."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec import structs
from tests.unit.hub112.documents import SAMPLE

from chassis109.kernel import clock
from hub112 import contract
from hub112.contract import CLOCKS, Address, Envelope, Reply, decode, encode
from hub112.simulator.behaviours import BEHAVIOURS
from hub112.simulator.desk import Desk
from hub112.simulator.memory import Memory, Waiting
from hub112.simulator.model import BEGINS
from hub112.simulator.spoiling import NUMBERED, SPOILS

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CREATE = decode(json.dumps(SAMPLE | {"mode": "live"}).encode())
SUBJECT = Address("live", "desk", "103", "petropavl", CREATE.handoff_id).subject


@pytest.fixture
def memory() -> Iterator[Memory]:
    found = Memory(":memory:")
    yield found
    found.close()


def desk(memory: Memory, behaviour: str = "prompt", pace: float = 1) -> Desk:
    return Desk("103", BEHAVIOURS[behaviour], memory, pace)


def hear(machine: Desk, envelope: Envelope = CREATE) -> None:
    machine.hear(SUBJECT, encode(envelope))


def later(**changes: object) -> Envelope:
    """A later message about the same handoff."""
    return structs.replace(CREATE, **({"message_id": uuid4(), "seq": 2} | changes))


def sent(memory: Memory) -> list[Waiting]:
    """What is to be sent, in the order in which a line would send it."""
    found: list[Waiting] = []
    while waiting := memory.waiting():
        found += waiting
        for message in waiting:
            memory.sent(message.number)
    return found


def said(machine: Desk, memory: Memory, seconds: float = 100_000) -> list[Envelope]:
    """Everything that a machine says within so many seconds."""
    with clock.frozen(NOW + timedelta(seconds=seconds)):
        machine.follow_plan()
    return [decode(message.payload) for message in sent(memory)]


@pytest.fixture(autouse=True)
def _at_three() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def test_a_prompt_desk_leads_the_handoff_to_its_end(memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    replies = said(machine, memory)

    assert [reply.kind for reply in replies] == ["receipt", "seen", "accept", "unit", "unit", "unit", "close"]
    assert [reply.seq for reply in replies] == [1, 2, 3, 4, 5, 6, 7]
    assert [unit.status for reply in replies for unit in reply.units or []] == [
        "assigned",
        "departed",
        "on_scene",
    ]
    assert {reply.ref_message_id for reply in replies} == {CREATE.message_id}
    assert {reply.recipient.agency for reply in replies} == {"kz.sko.petropavl.109"}
    assert len({reply.message_id for reply in replies}) == 7


def test_steps_wait_for_their_time_and_the_pace_shortens_it(memory: Memory) -> None:
    machine = desk(memory, pace=10)
    hear(machine)

    assert [reply.kind for reply in said(machine, memory, 0.1)] == ["receipt", "seen", "accept"]
    assert [reply.kind for reply in said(machine, memory, 0.79)] == ["unit", "unit", "unit"]
    assert [reply.kind for reply in said(machine, memory, 0.81)] == ["close"]


@pytest.mark.parametrize("priority", CLOCKS)
def test_a_slow_desk_is_just_in_time_with_the_receipt_and_late_with_all_else(
    priority: str, memory: Memory
) -> None:
    machine, clocks = desk(memory, "slow"), CLOCKS[priority]
    assert CREATE.incident
    hear(machine, structs.replace(CREATE, incident=structs.replace(CREATE.incident, priority=priority)))

    for seconds, kinds in (
        (clocks.receipt - 0.5, ["receipt"]), (clocks.seen + 1, []), (clocks.seen + 3, ["seen"]),
        (clocks.decide + 1, []), (clocks.decide + 3, ["accept"]), (clocks.decide + 2 + clocks.unit + 1, []),
    ):  # fmt: skip
        assert [reply.kind for reply in said(machine, memory, seconds)] == kinds


def test_a_silent_desk_says_nothing(memory: Memory) -> None:
    machine = desk(memory, "silent")
    hear(machine)

    assert said(machine, memory) == []


def test_a_desk_that_refuses_says_whose_task_it_is(memory: Memory) -> None:
    machine = desk(memory, "refuses")
    hear(machine)
    *_, declined = said(machine, memory)

    assert isinstance(declined.reply, Reply)
    assert (declined.kind, declined.reply.reason_code) == ("decline", "wrong_service")
    assert declined.reply.forward_to
    assert declined.reply.forward_to.service == "101"


def test_garbage_is_wrong_in_every_way_and_the_good_messages_leave_no_hole(memory: Memory) -> None:
    machine = desk(memory, "garbage")
    hear(machine)
    with clock.frozen(NOW + timedelta(hours=1)):
        machine.follow_plan()
    messages = sent(memory)
    good = [decode(message.payload) for message in messages if not message.spoil]

    assert [message.spoil for message in messages if message.spoil] == [*SPOILS, "stale"]
    assert [reply.kind for reply in good] == ["receipt", "seen", "accept", "unit", "unit", "unit", "close"]
    used = len(NUMBERED)
    assert [reply.seq for reply in good] == list(range(used + 1, used + 8))


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("broken", "UNRECOGNISED_FORMAT"), ("version", "UNSUPPORTED_VERSION"), ("control", "INVALID_MESSAGE"),
        ("large", "INVALID_MESSAGE"), ("huge", "INVALID_MESSAGE"),
    ],
)  # fmt: skip
def test_each_way_of_being_wrong_is_refused_by_its_code(way: str, code: str, memory: Memory) -> None:
    machine = desk(memory, "garbage", pace=0)
    hear(machine)
    machine.follow_plan()
    message = next(message for message in sent(memory) if message.spoil == way)

    with pytest.raises(contract.ContractError) as refused:
        decode(message.payload)
    assert refused.value.code.name == code
    assert contract.message_id_of(message.payload) == message.message_id


def test_a_message_that_comes_twice_is_worked_once(memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    hear(machine)

    assert len(said(machine, memory)) == 7


def test_an_older_message_is_not_followed(memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    hear(machine, later(kind="cancel", seq=1, incident=contract.UNSET))

    assert len(said(machine, memory)) == 7


def test_a_cancelled_handoff_is_left_alone_before_it_was_accepted(memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    assert len(said(machine, memory, 0.6)) == 2
    hear(machine, later(kind="cancel"))

    assert said(machine, memory) == []


def test_a_cancel_request_is_confirmed_after_it_was_accepted(memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    assert len(said(machine, memory, 1.5)) == 3
    hear(machine, later(kind="cancel"))

    assert [(reply.kind, reply.seq) for reply in said(machine, memory)] == [("cancel", 4)]


@pytest.mark.parametrize("kind", ["accept", "decline", "defer", "close"])
def test_the_machine_leaves_a_handoff_to_people_who_decided_it(kind: str, memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    reply = Reply(reason_code="no_resources")
    hear(machine, later(kind=kind, reply=reply, ref_message_id=CREATE.message_id))

    assert said(machine, memory) == []


@pytest.mark.parametrize("kind", BEGINS)
def test_what_begins_again_is_answered_again_with_higher_numbers(kind: str, memory: Memory) -> None:
    machine = desk(memory)
    hear(machine)
    said(machine, memory)
    hear(machine, later(kind=kind))

    assert [reply.seq for reply in said(machine, memory)] == [8, 9, 10, 11, 12, 13, 14]


def test_a_machine_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    before = Memory(str(tmp_path / "103.sqlite"))
    machine = desk(before)
    hear(machine)
    first = [reply.kind for reply in said(machine, before, 1.5)]
    with clock.frozen(NOW + timedelta(seconds=3)):
        machine.follow_plan()
    unsent: list[UUID] = [message.message_id for message in before.waiting()]
    before.close()

    after = Memory(str(tmp_path / "103.sqlite"))
    machine = desk(after)
    hear(machine)  # not acknowledged before the end: it comes again
    rest = said(machine, after)
    after.close()

    assert first == ["receipt", "seen", "accept"]
    assert rest[0].message_id == unsent[0]
    assert [(reply.kind, reply.seq) for reply in rest] == [
        ("unit", 4),
        ("unit", 5),
        ("unit", 6),
        ("close", 7),
    ]


def test_what_a_machine_does_not_understand_changes_nothing(memory: Memory) -> None:
    machine = desk(memory)
    machine.hear(SUBJECT, b"{")
    machine.hear("sko.live.desk.103", encode(CREATE))

    assert said(machine, memory) == []
