"""A property: whatever people do, whenever processes die and however the wire behaves, both sides agree in the end.

HANDOFF_EXAMPLES sets how many lives are tried (default 20, each of up to 40 steps); a failing one is printed as the
steps that lead there.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests import hub_makers, makers
from tests.databases import Database, Databases
from tests.integration.handoff.agreement import Story
from tests.integration.handoff.world import Stored, World

from chassis109.kernel.errors import Refused
from dispatch109.contacts import service as contacts
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies import watchdog as clocks_of_109
from dispatch109.emergencies.said import Said
from hub112.contract import MOVES, Event, Side, State
from hub112.desks import service as desks
from hub112.desks import watchdog as clocks_of_hub
from hub112.desks.model import WrongState
from identity109.actor import Actor
from tenancy109 import directory

EXAMPLES, STEPS = int(os.environ.get("HANDOFF_EXAMPLES", "20")), 40
Both = tuple[Database, Database]
PEOPLE: dict[str, tuple[Event, Callable[[UUID, Actor], Awaitable[object]]]] = {
    "accept": (Event.ACCEPT, desks.accept),
    "decline": (Event.DECLINE, lambda h, by: desks.decline(h, by, "no_resources")),
    "defer": (Event.DEFER, lambda h, by: desks.defer(h, by, 10)),
    "forward": (Event.FORWARD, lambda h, by: desks.forward(h, by, "101" if by.tenant_id != 101 else "102", "сіздікі")),
    "depart": (Event.DEPART, lambda h, by: desks.report_unit(h, by, hub_makers.crew("departed"))),
    "arrive": (Event.ARRIVE, lambda h, by: desks.report_unit(h, by, hub_makers.crew("on_scene"))),
    "close": (Event.CLOSE, lambda h, by: desks.close(h, by, "көмек көрсетілді")),
    "note": (Event.NOTE, lambda h, by: desks.note(h, by, "жолдамыз")),
}  # fmt: skip
OPERATOR: dict[str, Callable[[UUID, Actor], Awaitable[object]]] = {
    "cancel": lambda h, by: emergencies.cancel(h, "қате", by),
    "reopen": lambda h, by: emergencies.reopen(h, "қайтадан", by),
    "retry": emergencies.retry,
    "phoned": lambda h, by: emergencies.phoned(h, "кезекші", by),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def both(databases: Databases) -> AsyncIterator[Both]:
    yield await databases.clone("tenants"), await databases.clone("hub")


class Life(RuleBasedStateMachine):
    """One or two emergencies from the first word to the last, over a bad line."""

    databases: Both
    loop: asyncio.Runner
    world: World

    def _run(self, doing: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await doing

        return self.loop.run(done())

    @initialize()
    def begin(self) -> None:
        self._run(self.world.begin())
        self.incidents: dict[UUID, str] = {}
        self.operator: Actor = self._run(self.world.at(self.world.dispatch, self._at_109))

    @staticmethod
    async def _at_109() -> Actor:
        tenant = await directory.find("petropavl")
        assert tenant
        return makers.operator(tenant)

    @precondition(lambda self: len(self.incidents) < 2)
    @rule(
        services=st.sampled_from([("103",), ("101", "103"), ("102",)]), priority=st.sampled_from(["P0", "P2"])
    )
    def somebody_calls(self, services: tuple[str, ...], priority: str) -> None:
        said = Said(
            type="medical.cardiac",
            services=services,
            priority=priority,
            text="Жүрегі ауырады",
            address="Абай 7",
        )
        at_109 = self.world.dispatch
        incident = self._run(self.world.at(at_109, lambda: emergencies.hand_off(said, self.operator)))
        self.incidents[incident.id] = incident.reference("petropavl")

    @rule(at_hub=st.booleans(), crash=st.booleans(), twice=st.booleans())
    def relay(self, at_hub: bool, crash: bool, twice: bool) -> None:
        side = self.world.hub if at_hub else self.world.dispatch
        self._run(self.world.relay(side, crash=crash, twice=twice))

    @precondition(lambda self: self._may_come())
    @rule(which=st.integers(0, 99), fate=st.sampled_from(["done", "done", "done", "crash", "lost"]))
    def deliver(self, which: int, fate: str) -> None:
        waiting = self._may_come()
        self._run(self.world.deliver(waiting[which % len(waiting)], fate))

    def _may_come(self) -> list[Stored]:
        return self.world.broker.may_come(self.world.now)

    @rule()
    def everything_arrives(self) -> None:
        for side in (self.world.dispatch, self.world.hub):
            self._run(self.world.relay(side))
            for message in list(self.world.broker.pending):
                self._run(self.world.deliver(message))

    @rule(crash=st.booleans())
    def the_machine_speaks(self, crash: bool) -> None:
        self.world.machine_speaks(crash=crash)

    @precondition(lambda self: self._at_desks())
    @rule(which=st.integers(0, 99))
    def a_person_opens_it(self, which: int) -> None:
        handoff, desk, _ = self._one(self._at_desks(), which)
        self._run(self.world.at(self.world.hub, lambda: desks.see(handoff, hub_makers.at_desk(desk))))

    @precondition(lambda self: self._at_desks())
    @rule(which=st.integers(0, 99), verb=st.sampled_from(sorted(PEOPLE)))
    def a_person_decides(self, which: int, verb: str) -> None:
        handoff, desk, state = self._one(self._at_desks(), which)
        event, act = PEOPLE[verb]
        answers = event in {Event.ACCEPT, Event.DEFER, Event.DECLINE, Event.FORWARD}
        if answers and state == State.DISPATCHED:  # whoever answers has it before him
            state = State.RECEIVED
        allowed = (State(state), event, Side.DESK) in MOVES
        try:
            self._run(self.world.at(self.world.hub, lambda: act(handoff, hub_makers.at_desk(desk))))
        except WrongState:
            assert not allowed, f"{state} {event}"
        else:
            assert allowed, f"{state} {event}"

    @precondition(lambda self: self._at_desks())
    @rule(which=st.integers(0, 99))
    def a_person_confirms_the_cancellation(self, which: int) -> None:
        handoff, desk, _ = self._one(self._at_desks(), which)
        self._tried(self.world.hub, lambda: desks.confirm_cancel(handoff, hub_makers.at_desk(desk)))

    @precondition(lambda self: self._at_109s())
    @rule(which=st.integers(0, 99), verb=st.sampled_from(sorted(OPERATOR)))
    def the_operator_acts(self, which: int, verb: str) -> None:
        handoff, *_ = self._one(self._at_109s(), which)
        self._tried(self.world.dispatch, lambda: OPERATOR[verb](handoff, self.operator))

    @precondition(lambda self: self.incidents)
    @rule(which=st.integers(0, 99), service=st.sampled_from(["101", "102", "104"]))
    def the_operator_adds(self, which: int, service: str) -> None:
        incident = list(self.incidents)[which % len(self.incidents)]
        self._tried(self.world.dispatch, lambda: emergencies.add_note(incident, "есік жабық", self.operator))
        self._tried(self.world.dispatch, lambda: emergencies.add_service(incident, service, self.operator))

    @rule(seconds=st.sampled_from([1, 4, 11, 21, 35, 65, 1000]))
    def time_passes(self, seconds: int) -> None:
        if self.world.now + timedelta(seconds=seconds) < self.world.end:
            self.world.now += timedelta(seconds=seconds)

    @rule(at_hub=st.booleans())
    def clocks_are_looked_at(self, at_hub: bool) -> None:
        if not at_hub:
            self._run(
                self.world.at(self.world.dispatch, lambda: clocks_of_109.sweep(self.operator.tenant_id))
            )
            return
        for desk in (101, 102, 103, 104, 112):
            self._run(self.world.at(self.world.hub, lambda desk=desk: clocks_of_hub.sweep(desk)))

    def _tried(self, side: Any, verb: Callable[[], Awaitable[object]]) -> None:
        """What is not possible now is refused in words, and changes nothing."""
        try:
            self._run(self.world.at(side, verb))
        except Refused:
            return

    def _at_desks(self) -> list[tuple[UUID, str, str]]:
        """Handoff, desk and state of what stands at the hub, whether 109 knows it or not."""
        asked = "SELECT id, tenant_id::text, state FROM hub.handoff WHERE incident_id = ANY($1) ORDER BY arrived_at, id"
        return self._read(self.world.hub, asked, list(self.incidents.values()))

    def _at_109s(self) -> list[tuple[UUID, str, str]]:
        asked = "SELECT id, service, state FROM dispatch.handoff WHERE incident_id = ANY($1) ORDER BY created_at, id"
        return self._read(self.world.dispatch, asked, list(self.incidents))

    def _read(self, side: Any, asked: str, incidents: list[Any]) -> list[tuple[UUID, str, str]]:
        return [tuple(row) for row in self._run(side.superuser.fetch(asked, incidents))]

    @staticmethod
    def _one(found: list[tuple[UUID, str, str]], which: int) -> tuple[UUID, str, str]:
        return found[which % len(found)]

    def teardown(self) -> None:
        """The line is good again, and nobody touches anything until everything has arrived."""
        if hasattr(self, "incidents"):
            self._run(self.world.settle())
            story = self._run(Story.read(self.world, list(self.incidents), list(self.incidents.values())))
            story.require()


@pytest.mark.timeout(1200)
def test_both_sides_agree_in_the_end_whatever_happens(both: Both) -> None:
    contacts.use_keys({"k1": b"\x01" * 32}, b"\x02" * 32)
    with asyncio.Runner() as loop:
        stack = AsyncExitStack()
        Life.loop = loop
        Life.world = loop.run(stack.enter_async_context(World.opened(*both)))
        try:
            run_state_machine_as_test(
                Life,
                settings=settings(
                    max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, phases=[Phase.generate],
                    print_blob=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            loop.run(stack.aclose())
