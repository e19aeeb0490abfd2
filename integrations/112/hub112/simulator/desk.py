"""The machine of one desk: hears what 109 and the board say, follows its plan, writes what it has to say."""

from datetime import datetime, timedelta

import structlog

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from hub112 import contract
from hub112.contract import Address, ContractError, Envelope, Service
from hub112.simulator import behaviours, model
from hub112.simulator.behaviours import Plan
from hub112.simulator.memory import Known, Memory, Waiting
from hub112.simulator.model import BEGINS, DECIDED, Called, Step
from hub112.simulator.spoiling import NUMBERED, spoiled

log = structlog.get_logger()


class Desk:
    """`pace`: by how much the plan is faster than life; 0 says everything at once."""

    def __init__(self, service: Service, plan: Plan, memory: Memory, pace: float = 1) -> None:
        self.service, self._plan, self._memory = service, plan, memory
        self._stretch = 1 / pace if pace else 0

    def hear(self, subject: str, payload: bytes) -> None:
        """Take a message from the stream DESK: once, and in its order."""
        try:
            envelope, address = contract.decode(payload), Address.of(subject)
        except ContractError as error:
            log.warning("sim.not_understood", error=error.code.name, words=error.text)
            return
        with self._memory.together():
            if self._memory.once(envelope.message_id):
                self._follow(address, envelope)

    def follow_plan(self) -> None:
        """Write the messages of the steps that are due."""
        now = clock.now()
        with self._memory.together():
            for handoff, step in self._memory.take_due(now.timestamp()):
                known = self._memory.known(handoff)
                if known is not None:
                    self._say(handoff, known, step, now)

    def seconds_to_next(self, most: float) -> float:
        """How long nothing is due, `most` at most."""
        due = self._memory.next_due()
        return most if due is None else min(max(due - clock.now().timestamp(), 0), most)

    def _follow(self, address: Address, envelope: Envelope) -> None:
        handoff = str(envelope.handoff_id)
        known = self._memory.known(handoff)
        if envelope.error:
            log.warning(
                "sim.told_wrong", handoff=handoff, code=envelope.error.code, words=envelope.error.text
            )
        if known is not None and envelope.seq <= known.heard:
            log.warning("sim.heard_before", handoff=handoff, seq=envelope.seq, last=known.heard)
        elif envelope.kind in BEGINS:
            self._begin(address, Called(self.service, envelope))
        elif known is not None:
            self._go_on(handoff, known, envelope)

    def _begin(self, address: Address, called: Called) -> None:
        handoff = str(called.envelope.handoff_id)
        reply = Address(address.mode, "reply", self.service, address.tenant, address.handoff_id)
        self._memory.know(reply.subject, called)
        self._intend(handoff, self._plan(called))
        log.info("sim.called", handoff=handoff, kind=called.envelope.kind, mode=address.mode)

    def _go_on(self, handoff: str, known: Known, envelope: Envelope) -> None:
        if envelope.kind == "cancel":
            self._intend(handoff, behaviours.cancelled(accepted=known.accepted))
        if envelope.kind in DECIDED:  # people at the board were faster: the machine leaves it to them
            self._intend(handoff, [])
        accepted = known.accepted or envelope.kind == "accept"
        self._memory.hear(handoff, envelope.seq, accepted=accepted)

    def _intend(self, handoff: str, steps: list[Step]) -> None:
        now = clock.now()
        self._memory.plan(
            handoff, [((now + timedelta(seconds=s.after * self._stretch)).timestamp(), s) for s in steps]
        )

    def _say(self, handoff: str, known: Known, step: Step, at: datetime) -> None:
        """A message whose number the hub cannot read has used none: the next one must leave no hole."""
        seq = known.said if step.spoil == "stale" else known.said + 1
        used = not step.spoil or step.spoil in NUMBERED
        said = model.message(known.called, step, seq, uuid7(), at)
        subject, payload = spoiled(known.subject, contract.encode(said), step.spoil)
        self._memory.say(
            handoff, Waiting(0, said.message_id, subject, payload, step.spoil),
            seq if used else known.said, accepted=known.accepted or step.kind == "accept",
        )  # fmt: skip
