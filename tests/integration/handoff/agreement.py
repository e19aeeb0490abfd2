"""What must hold when everything has arrived: both sides tell the same story, once, without a hole, and provably."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from tests.integration.handoff.world import World

from chassis109.kernel import chain
from dispatch109.emergencies.model import Step as DispatchStep
from dispatch109.emergencies.writing import content
from hub112.contract import MOVES, Event, Side, State, decode
from hub112.desks.model import Step as HubStep

EVENTS = {event.value for event in Event}
CONTRADICTED = {"wrong_state"}
"""The only reason for which a message of this world is put aside: both sides acted at the same moment."""
LATE = "said before 109 reopened it"
Row = asyncpg.Record


class Story:
    """All rows of both sides about some incidents."""

    here: list[Row]
    there: list[Row]
    steps_here: dict[UUID, list[DispatchStep]]
    steps_there: dict[UUID, list[HubStep]]
    refused: dict[UUID, list[str]]

    @classmethod
    async def read(cls, world: World, incidents: Sequence[UUID], references: Sequence[str]) -> "Story":
        """Look into both databases, past all policies."""
        dispatch, hub, story = world.dispatch.superuser, world.hub.superuser, cls()
        story.incidents = await dispatch.fetch(
            "SELECT * FROM dispatch.incident WHERE id = ANY($1)", incidents
        )
        story.here = await dispatch.fetch(
            "SELECT * FROM dispatch.handoff WHERE incident_id = ANY($1) ORDER BY id", incidents
        )
        story.there = await hub.fetch(
            "SELECT * FROM hub.handoff WHERE incident_id = ANY($1) ORDER BY id", references
        )
        ids = [row["id"] for row in (*story.here, *story.there)]
        told = "WHERE handoff_id = ANY($1) ORDER BY handoff_id, seq"
        story.steps_here = _steps(
            await dispatch.fetch(f"SELECT * FROM dispatch.handoff_event {told}", ids), DispatchStep
        )
        story.steps_there = _steps(await hub.fetch(f"SELECT * FROM hub.event {told}", ids), HubStep)
        story.refused = defaultdict(list)
        for database in (dispatch, hub):
            for row in await database.fetch("SELECT subject, error FROM chassis.quarantine"):
                story.refused[UUID(row["subject"].rpartition(".")[2])].append(row["error"])
        story.callbacks = await dispatch.fetch(
            "SELECT * FROM dispatch.callback WHERE incident_id = ANY($1)", incidents
        )
        story.messages = [decode(message.payload) for message in _once(world.broker.stored)]
        story.directions = [message.direction for message in _once(world.broker.stored)]
        return story

    def require(self) -> None:
        """Everything at once: what is wrong is named."""
        if wrong := list(self._wrong()):
            raise AssertionError("\n".join(wrong))

    def _wrong(self) -> Iterable[str]:
        yield from self._once_on_each_side()
        yield from self._agree()
        yield from self._same_story()
        yield from self._moves()
        yield from self._chains()
        yield from self._numbers()
        yield from self._callbacks()
        for handoff, errors in self.refused.items():
            if handoff in self._states() and not set(errors) <= CONTRADICTED:
                yield f"{handoff} put aside: {errors}"

    def _states(self) -> dict[UUID, tuple[str, str | None]]:
        there = {row["id"]: row["state"] for row in self.there}
        return {row["id"]: (row["state"], there.get(row["id"])) for row in self.here}

    def _once_on_each_side(self) -> Iterable[str]:
        here, there = [row["id"] for row in self.here], [row["id"] for row in self.there]
        if here != there:
            yield f"handoffs at 109 {here}, at the desks {there}"

    def _agree(self) -> Iterable[str]:
        """The same state, or an alarm that tells a person at 109 to phone about it."""
        alarms = {row["id"]: row["alarm"] for row in self.here}
        for handoff, (here, there) in self._states().items():
            if here != there and not alarms[handoff]:
                yield f"{handoff} is {here} at 109 and {there} at the desk, and no alarm stands"

    def _same_story(self) -> Iterable[str]:
        """What the desk did stands once and in its order in 109's history."""
        for handoff, steps in self.steps_there.items():
            did, heard = _of_desk(steps), _of_desk(self.steps_here.get(handoff, []))
            told = len(did) == len(heard) and all(h in (d, LATE) for d, h in zip(did, heard, strict=True))
            if not self.refused.get(handoff) and not told:
                yield f"{handoff}: the desk did {did}, 109 heard {heard}"

    def _moves(self) -> Iterable[str]:
        for side, all_steps in (("109", self.steps_here), ("hub", self.steps_there)):
            for handoff, steps in all_steps.items():
                state: str | None = None
                for step in steps:
                    if not _allowed(step, state):
                        yield f"{side} {handoff} {step.seq}: {step.from_state} {step.event} {step.side} {step.to_state}"
                    state = step.to_state

    def _chains(self) -> Iterable[str]:
        heads = {row["id"]: row["chain"] for row in self.here}
        for handoff, steps in self.steps_here.items():
            rows = [(content(step), step.digest) for step in steps]
            if chain.verify(rows) is not None or steps[-1].digest != heads[handoff]:
                yield f"109: the chain of {handoff} is broken"
        for row in self.there:
            steps = self.steps_there[row["id"]]
            rows = [(step.content(row["tenant_id"], row["id"]), step.digest) for step in steps]
            if chain.verify(rows) is not None or steps[-1].digest != row["chain"]:
                yield f"hub: the chain of {row['id']} is broken"

    def _numbers(self) -> Iterable[str]:
        """Each direction of a handoff counts 1, 2, 3 …; so do the events of each side."""
        said: dict[tuple[UUID, str], list[int]] = defaultdict(list)
        for message, direction in zip(self.messages, self.directions, strict=True):
            if direction != "cross" and message.handoff_id in self._states():
                said[message.handoff_id, direction].append(message.seq)
        for (handoff, direction), numbers in said.items():
            if numbers != list(range(1, len(numbers) + 1)):
                yield f"{handoff} {direction}: {numbers}"
        for steps in (*self.steps_here.values(), *self.steps_there.values()):
            if [step.seq for step in steps] != list(range(1, len(steps) + 1)):
                yield f"events {[step.seq for step in steps]}"
            if any(step.event == "gap" for step in steps):
                yield "a gap was noted, and nothing was lost for good"

    def _callbacks(self) -> Iterable[str]:
        """The applicant is owed one call when a service has done its work, never two."""
        for incident in self.incidents:
            owed = [row for row in self.callbacks if row["incident_id"] == incident["id"]]
            closed = any(
                row["state"] == "closed" and row["incident_id"] == incident["id"] for row in self.here
            )
            due = incident["ended_at"] is not None and closed
            if len(owed) > 1 or (due and not owed):
                yield f"{len(owed)} callbacks of an incident that ended at {incident['ended_at']}"


def _steps(rows: list[Row], kind: Any) -> Any:
    """The events of each handoff, in their order."""
    found = defaultdict(list)
    for row in rows:
        values = {name: row[name] for name in kind.__dataclass_fields__}
        found[row["handoff_id"]].append(kind(**values | {"detail": msgspec.json.decode(row["detail"])}))
    return found


def _of_desk(steps: Sequence[Any]) -> list[str]:
    """What the desk did; at 109 an answer from before the reopening is written down and moves nothing."""
    return [
        LATE if "before_reopening" in step.detail else step.event
        for step in steps
        if step.side == Side.DESK and step.event in EVENTS
    ]


def _allowed(step: Any, state: str | None) -> bool:
    """A move of the table; everything that is no event of the table stays where it is."""
    if state is None:  # the first: created at 109, arrived at the desk
        return (step.event, step.to_state) in {("create", "created"), ("dispatch", "dispatched")}
    if step.from_state != state:
        return False
    if step.event not in EVENTS:
        return bool(step.to_state == step.from_state)
    return MOVES.get((State(step.from_state), Event(step.event), Side(step.side))) == step.to_state


def _once(stored: Sequence[Any]) -> list[Any]:
    """Each message by its first arrival in the stream."""
    return list({message.message_id: message for message in reversed(stored)}.values())[::-1]
