"""Whatever the line does to the messages of 109 and whenever the hub restarts: it stands where the contract says.

A model in memory, written from the contract's table, is led through the same story as the hub: messages that come
twice, in any order, late or never, while the desk works and the process is restarted.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.databases import Database, storing
from tests.hub_makers import (
    ago,
    answer,
    at_desk,
    crew,
    delivery,
    envelope,
    heard,
    next_of,
    outbox,
    reply,
    stands,
)

from chassis109.bus.consumer import NotYet
from chassis109.kernel import chain
from hub112.contract import MOVES, UNDERWAY, Envelope, Event, Side, State
from hub112.desks import reading
from hub112.desks import service as desks
from hub112.desks.model import WrongState

STEPS = 30
EXAMPLES = 25
E = Event
SAID = {"update": E.UPDATE, "note": E.NOTE, "cancel": E.CANCEL, "reopen": E.REOPEN}
CREWS = {"assigned": E.ASSIGN_UNIT, "departed": E.DEPART, "on_scene": E.ARRIVE}


@dataclass
class Model:
    """Where a handoff must stand."""

    state: State = State.DISPATCHED
    heard_to: int = 1
    answered_to: int = 0
    cancel_asked: bool = False
    refused: int = 0
    flying: list[Envelope] = field(default_factory=list)
    landed: list[Envelope] = field(default_factory=list)

    def moves(self, event: Event, side: Side) -> bool:
        """Take an event; False when the table refuses it."""
        to = MOVES.get((self.state, event, side))
        if to is not None:
            self.state = to
            self.cancel_asked = event is E.REQUEST_CANCEL or (self.cancel_asked and event is not E.REOPEN)
        return to is not None

    def hears(self, said: Envelope, young: bool) -> bool:
        """Take a message of 109 at its place; False when it must come again."""
        if said.seq <= self.heard_to:
            self.refused += 1
        elif said.seq > self.heard_to + 1 and young:
            return False
        else:
            self.heard_to = said.seq
            event = SAID[said.kind]
            if event is E.CANCEL and (self.state, event, Side.DISPATCH) not in MOVES:
                event = E.REQUEST_CANCEL
            self.refused += not self.moves(event, Side.DISPATCH)
        return True


class Story(RuleBasedStateMachine):
    """One handoff between a 109 that talks, a line that is bad and a desk that works."""

    runner: asyncio.Runner
    database: Database

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    @initialize()
    def hand_over(self) -> None:
        self.first, self.model, self.seq = envelope(), Model(), 1
        self.run(heard(self.first))

    @rule(kind=st.sampled_from([*SAID, "update", "note"]))
    def say(self, kind: str) -> None:
        self.seq += 1
        self.model.flying.append(next_of(self.first, kind, self.seq, reply=reply(reason=f"№{self.seq}")))

    @rule(which=st.integers(0, 100), young=st.booleans())
    def deliver_any(self, which: int, young: bool) -> None:
        if not self.model.flying:
            return
        said = self.model.flying.pop(which % len(self.model.flying))
        brought = delivery(said, at=ago(0 if young else 9))
        if self.model.hears(said, young):
            assert self.run(heard(brought))
            self.model.landed.append(said)
        else:
            with pytest.raises(NotYet):
                self.run(heard(brought))
            self.model.flying.append(said)

    @rule(which=st.integers(0, 100))
    def lose_one(self, which: int) -> None:
        if self.model.flying:
            self.model.flying.pop(which % len(self.model.flying))

    @rule(which=st.integers(0, 100))
    def deliver_again(self, which: int) -> None:
        seen = [self.first, *self.model.landed]
        assert not self.run(heard(seen[which % len(seen)]))

    @rule()
    def see(self) -> None:
        for event in (E.RECEIPT, E.SEEN):
            self.model.moves(event, Side.DESK)
        self.run(desks.see(self.first.handoff_id, at_desk()))

    @rule(verb=st.sampled_from(["accept", "decline", "defer", "close", "confirm_cancel", "forward"]))
    def decide(self, verb: str) -> None:
        said = {"decline": ("other", "x"), "defer": (5,), "close": ("x",), "forward": ("102", "x")}.get(
            verb, ()
        )
        before, model = self.model.state, self.model
        if verb in {"accept", "decline", "defer", "forward"}:  # whoever answers has it before his eyes
            model.moves(E.RECEIPT, Side.DESK)
        allowed = (verb != "confirm_cancel" or model.cancel_asked) and model.moves(Event(verb), Side.DESK)
        if not allowed:
            model.state = before
        self.try_(getattr(desks, verb)(self.first.handoff_id, at_desk(), *said), allowed)

    @rule(status=st.sampled_from([*CREWS]))
    def move_crew(self, status: str) -> None:
        allowed = self.model.state in (*UNDERWAY, State.CLOSED) and self.model.moves(CREWS[status], Side.DESK)
        self.try_(desks.report_unit(self.first.handoff_id, at_desk(), crew(status)), allowed)

    @rule(kind=st.sampled_from(["receipt", "accept", "close"]), again=st.booleans())
    def answer_by_machine(self, kind: str, again: bool) -> None:
        seq = self.model.answered_to + (not again)
        if seq == 0:
            return
        if not again:
            self.model.answered_to = seq
            self.model.moves(Event(kind), Side.DESK)
        self.run(heard(answer(self.first, kind, seq, reply=reply(reason="x"))))

    @rule()
    def restart(self) -> None:
        self.run(self.reopened())

    async def reopened(self) -> None:
        await self.open.__aexit__()
        await self.open.__aenter__()

    def try_(self, verb: Coroutine[Any, Any, Any], allowed: bool) -> None:
        if allowed:
            self.run(verb)
        else:
            with pytest.raises(WrongState):
                self.run(verb)

    @invariant()
    def it_stands_where_the_contract_says(self) -> None:
        here = self.run(stands(self.first))
        told = (here.state, here.last_seq, here.last_reply_seq, here.cancel_requested)
        model = self.model
        assert told == (model.state, model.heard_to, model.answered_to, model.cancel_asked)
        assert (here.version, here.events) == (here.events, here.version)

    def teardown(self) -> None:
        self.run(self.left_behind())

    async def left_behind(self) -> None:
        """Every number of both directions once, an unbroken chain, and one error for each refusal."""
        if not hasattr(self, "first"):
            return
        superuser = await asyncpg.connect(self.database.superuser)
        returned = await outbox(superuser, self.first.handoff_id)
        told = await outbox(superuser, self.first.handoff_id, "desk")
        await superuser.close()
        card = await reading.card(self.first.handoff_id, at_desk())
        rows = [(step.content(103, self.first.handoff_id), step.digest) for step in card.steps]
        assert chain.verify(rows) is None
        assert [sent.envelope.seq for sent in returned] == list(range(1, len(returned) + 1))
        assert [sent.envelope.seq for sent in told] == list(range(1, len(told) + 1))
        errors = [sent for sent in returned if sent.envelope.kind == "error"]
        assert len(errors) == self.model.refused


def test_a_handoff_stands_where_the_contract_says_whatever_the_line_does(own_hub_database: Database) -> None:
    with asyncio.Runner() as runner:
        Story.runner, Story.database = runner, own_hub_database
        Story.open = storing(own_hub_database.app)
        runner.run(Story.open.__aenter__())
        try:
            run_state_machine_as_test(
                Story,
                settings=settings(
                    max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            runner.run(Story.open.__aexit__())
