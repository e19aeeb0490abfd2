"""What the services have promised: every answer that said "done", as the client noted it when it came.

This is the oracle of the suites. It is written by the client alone and knows nothing of the databases; a line is on
the disk before the next request of its caller leaves.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID


@dataclass
class Ledger:
    """Promises of one run. `run` stands in every text, so that a thing which is there twice shows itself."""

    run: str
    place: Path
    tickets: dict[UUID, str] = field(default_factory=dict)
    moves: list[tuple[UUID, int, str]] = field(default_factory=list)
    callbacks: set[UUID] = field(default_factory=set)
    incidents: dict[UUID, str] = field(default_factory=dict)
    handoffs: dict[UUID, str] = field(default_factory=dict)
    notes: list[tuple[UUID, str]] = field(default_factory=list)
    mandates: set[UUID] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    unanswered: int = 0
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.place.open("w", encoding="utf-8", buffering=1)

    def close(self) -> None:
        """The last line has been written."""
        self._file.close()

    def ticket(self, made: dict[str, Any], text: str) -> None:
        """A ticket was registered."""
        self.tickets[UUID(made["id"])] = text
        self._note("ticket", made["id"], version=made["version"])

    def move(self, moved: dict[str, Any]) -> None:
        """A verb on a ticket was carried out."""
        self.moves.append((UUID(moved["id"]), moved["version"], moved["state"]))
        self._note("move", moved["id"], version=moved["version"], state=moved["state"])

    def callback(self, ended: dict[str, Any]) -> None:
        """An applicant has confirmed."""
        self.callbacks.add(UUID(ended["id"]))
        self._note("callback", ended["id"])

    def emergency(self, made: dict[str, Any], text: str) -> None:
        """An emergency was taken, with its handoffs."""
        self.incidents[UUID(made["incident"]["id"])] = text
        for handoff in made["handoffs"]:
            self.handoffs[UUID(handoff["id"])] = handoff["service"]
            self._note("handoff", handoff["id"], incident=made["incident"]["id"])

    def note(self, incident: str, text: str) -> None:
        """Something was added to an emergency."""
        self.notes.append((UUID(incident), text))
        self._note("note", incident, text=text)

    def mandate(self, issued: dict[str, Any]) -> None:
        """The region has ordered something."""
        self.mandates.add(UUID(issued["id"]))
        self._note("mandate", issued["id"])

    def promises(self) -> int:
        """How many things were acknowledged."""
        kinds = (
            self.tickets,
            self.moves,
            self.callbacks,
            self.incidents,
            self.handoffs,
            self.notes,
            self.mandates,
        )
        return sum(map(len, kinds))

    def _note(self, kind: str, of: str, **more: object) -> None:
        self._file.write(json.dumps({"at": round(time.time(), 3), "kind": kind, "id": of, **more}) + "\n")
