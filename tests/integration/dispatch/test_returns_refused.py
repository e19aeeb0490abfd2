"""What the hub returns and 109 refuses: put aside in sight, without effect, and the next message passes."""

from dataclasses import replace

import asyncpg
import msgspec
import pytest
from tests import emergencies as made
from tests.emergencies import Hub

from chassis109.bus.consumer import NotYet
from chassis109.kernel.ids import uuid7
from hub112.contract import MOST_BYTES, Party, State, encode
from identity109.actor import Actor
from tenancy109.model import Tenant


@pytest.fixture
def hub(tenant: Tenant) -> Hub:
    return Hub(tenant)


async def test_a_number_that_was_there_before_is_put_aside(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await hub.accepts(incident, handoff)
    before = await made.now(handoff, operator)
    await hub.returns(incident, handoff, "close", 2)

    assert await made.now(handoff, operator) == before
    assert (await made.put_aside(superuser, hub.tenant))[-1] == "wrong_sequence"


async def test_a_handoff_of_nobody_is_put_aside(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    nobody = replace(handoff, id=uuid7())
    await hub.returns(incident, nobody, "receipt", 1)
    with pytest.raises(NotYet):  # its beginning may still come
        await hub.returns(incident, nobody, "seen", 2)
    more = {"parent_handoff_id": uuid7(), "incident": made.told()}
    await hub.returns(incident, nobody, "transfer", 1, **more)

    assert (await made.put_aside(superuser, hub.tenant))[-2:] == ["unknown_handoff", "unknown_handoff"]


async def test_what_does_not_say_what_its_subject_says_is_put_aside(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    before = await made.now(handoff, operator)
    right = hub.message(incident, handoff, "receipt", 1)
    subject = hub.subject(right, "103")
    wrong = [
        (msgspec.structs.replace(right, mode="test"), subject),
        (msgspec.structs.replace(right, handoff_id=uuid7()), subject),
        (msgspec.structs.replace(right, sender=Party(agency="kz.sko.101", service="101")), subject),
        (msgspec.structs.replace(right, recipient=Party(agency="kz.sko.aiyrtau.109")), subject),
        (right, subject.replace(".103.", ".101.")),
    ]
    for message, where in wrong:
        await hub.deliver(encode(message), where)
    await hub.deliver(
        encode(msgspec.structs.replace(right, incident_id="kz.sko.petropavl.2026.999999")), subject
    )

    assert await made.now(handoff, operator) == before
    assert (await made.put_aside(superuser, hub.tenant))[-6:] == ["sender_mismatch"] * 5 + ["unknown_handoff"]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"{", "unrecognised_format"), (b'{"schema":"sko.handoff/9.0"}', "unsupported_version"),
        (b'{"schema":"sko.handoff/1.0"}', "invalid_message"), (b" " * (MOST_BYTES + 1), "invalid_message"),
    ],
)  # fmt: skip
async def test_rubbish_is_put_aside_and_the_next_message_passes(
    payload: bytes, error: str, operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await hub.deliver(payload, hub.subject(hub.message(incident, handoff, "receipt", 1), "103"))
    await hub.returns(incident, handoff, "receipt", 1)

    assert (await made.put_aside(superuser, hub.tenant))[-1] == error
    assert (await made.now(handoff, operator)).state is State.RECEIVED


async def test_a_kind_that_no_service_says_is_put_aside(
    operator: Actor, hub: Hub, superuser: asyncpg.Connection
) -> None:
    incident, handoff = await made.handed(operator)
    await hub.returns(incident, handoff, "reopen", 1, incident=made.told())

    assert (await made.put_aside(superuser, hub.tenant))[-1] == "wrong_state"
