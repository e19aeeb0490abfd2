"""Whatever the line does to what the hub returns: 109 stands where the contract says, and where the service stands once
everything has come. A model in memory, written from the contract's table, is led through the same story."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests import emergencies as made
from tests import makers
from tests.databases import Database

from chassis109.bus.consumer import NotYet
from chassis109.kernel import chain, clock
from chassis109.store import unit
from dispatch109.emergencies import service as emergencies
from dispatch109.emergencies import watchdog
from dispatch109.emergencies.model import WrongState
from dispatch109.emergencies.writing import content
from hub112.contract import MOVES, Envelope, Event, Reply, Side, State, encode
from tenancy109 import directory

STEPS = 25
EXAMPLES = 15
E = Event
SAID: dict[str, Event] = {
    "receipt": E.RECEIPT, "seen": E.SEEN, "accept": E.ACCEPT, "defer": E.DEFER, "decline": E.DECLINE, "close": E.CLOSE,
    "assigned": E.ASSIGN_UNIT, "departed": E.DEPART, "on_scene": E.ARRIVE, "note": E.NOTE,
}  # fmt: skip
MISSED = {
    E.SEEN: [E.RECEIPT],
    E.ACCEPT: [E.RECEIPT],
    E.DEFER: [E.RECEIPT],
    E.DECLINE: [E.RECEIPT],
} | {event: [E.RECEIPT, E.ACCEPT] for event in (E.CLOSE, E.ASSIGN_UNIT, E.DEPART, E.ARRIVE)}


@dataclass
class Model:
    """Where the service stands, what is on the line, and where 109 must stand."""

    service: State = State.DISPATCHED
    state: State = State.CREATED
    heard_to: int = 0
    refused: int = 0
    lost: int = 0
    alone: bool = False
    flying: list[tuple[Envelope, Event]] = field(default_factory=list)
    landed: list[Envelope] = field(default_factory=list)

    def hears(self, said: Envelope, event: Event, young: bool) -> bool:
        """Take a message at its place; False when it must come again."""
        gap = said.seq > self.heard_to + 1
        if said.seq <= self.heard_to:
            self.refused += 1
            return True
        if gap and young:
            return False
        self.heard_to = said.seq
        self.moves(E.DISPATCH, Side.HUB)
        for missed in MISSED.get(event, []) if gap else []:
            if (self.state, event, Side.DESK) not in MOVES:
                self.moves(missed, Side.DESK)
        self.refused += not self.moves(event, Side.DESK)
        return True

    def moves(self, event: Event, side: Side) -> bool:
        """Take an event; False when the table refuses it."""
        to = MOVES.get((self.state, event, side))
        self.state = to or self.state
        return to is not None


class Story(RuleBasedStateMachine):
    """One handoff between a service that works, a line that is bad and an operator."""

    loop: asyncio.AbstractEventLoop
    database: Database

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    @initialize()
    def hand_over(self) -> None:
        tenant = self.run(directory.find("petropavl"))
        self.operator, self.hub = makers.operator(tenant), made.Hub(tenant)
        self.incident, self.handoff = self.run(made.handed(self.operator))
        self.model, self.seq = Model(), 0
        self.aside = self.run(self.put_aside())

    @rule(kind=st.sampled_from([*SAID]))
    def the_service_does(self, kind: str) -> None:
        event = SAID[kind]
        to = MOVES.get((self.model.service, event, Side.DESK))
        if to is None:
            return
        self.model.service, self.seq = to, self.seq + 1
        units = {"units": [made.unit(kind)]} if event in (E.ASSIGN_UNIT, E.DEPART, E.ARRIVE) else {}
        told = self.hub.message(
            self.incident, self.handoff, "unit" if units else kind, self.seq, **units,
            reply=Reply(reason_code="other", reason=f"№{self.seq}", eta_minutes=5, decided_by="Дәулет"),
        )  # fmt: skip
        self.model.flying.append((told, event))

    @rule(which=st.integers(0, 100), young=st.booleans())
    def the_line_brings_any(self, which: int, young: bool) -> None:
        if not self.model.flying:
            return
        told, event = self.model.flying.pop(which % len(self.model.flying))
        if self.model.hears(told, event, young):
            self.run(self.bring(told, young))
            self.model.landed.append(told)
        else:
            with pytest.raises(NotYet):
                self.run(self.bring(told, young))
            self.model.flying.append((told, event))

    @rule(which=st.integers(0, 100))
    def the_line_loses_one(self, which: int) -> None:
        if self.model.flying:
            self.model.flying.pop(which % len(self.model.flying))
            self.model.lost += 1

    @rule(which=st.integers(0, 100))
    def the_line_brings_one_again(self, which: int) -> None:
        if self.model.landed:
            self.run(self.bring(self.model.landed[which % len(self.model.landed)], young=True))

    @rule()
    def the_operator_cancels(self) -> None:
        self.model.alone = self.model.alone or self.model.moves(E.CANCEL, Side.DISPATCH)
        try:
            self.run(emergencies.cancel(self.handoff.id, "керек емес", self.operator))
        except WrongState:
            assert (self.model.state, E.REQUEST_CANCEL, Side.DISPATCH) not in MOVES

    @rule()
    def the_clocks_are_looked_at(self) -> None:
        self.run(watchdog.sweep(self.operator.here.id))

    @rule()
    def the_worker_restarts(self) -> None:
        self.run(unit.close_store())
        self.run(unit.open_store(self.database.app))

    @invariant()
    def it_stands_where_the_contract_says(self) -> None:
        if not hasattr(self, "model"):
            return
        here = self.run(made.now(self.handoff, self.operator))
        assert (here.state, here.last_seq) == (self.model.state, self.model.heard_to)
        assert here.version == here.events

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.run(self.once_everything_has_come())

    async def once_everything_has_come(self) -> None:
        """The operator sees what the service did, by an unbroken chain; what was refused lies in sight."""
        for told, event in sorted(self.model.flying, key=lambda flown: flown[0].seq):
            self.model.hears(told, event, young=False)
            await self.bring(told, young=False)
        found = await made.seen(self.incident, self.operator)
        assert chain.verify((content(step), step.digest) for step in found.steps) is None
        assert found.handoffs[0].state is self.model.state
        assert await self.put_aside() - self.aside == self.model.refused
        if not (self.model.refused or self.model.lost or self.model.alone) and self.model.landed:
            assert found.handoffs[0].state is self.model.service

    async def bring(self, told: Envelope, young: bool) -> None:
        at = clock.now() - timedelta(seconds=0 if young else 9)
        subject = self.hub.subject(told, self.handoff.service)
        await self.hub.deliver(encode(told), subject, told.message_id, at)

    async def put_aside(self) -> int:
        superuser = await asyncpg.connect(self.database.superuser)
        try:
            return len(await made.put_aside(superuser, self.operator.here))
        finally:
            await superuser.close()


async def test_109_stands_where_the_service_stands_whatever_the_line_does(
    own_database: Database, store: Path
) -> None:
    Story.loop, Story.database = asyncio.get_running_loop(), own_database
    usual = settings(
        max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    await asyncio.to_thread(run_state_machine_as_test, Story, settings=usual)
