"""What a desk's machine remembers, on its disk: messages it has had, its plan, and what it has yet to send.

A message and what follows from it are one transaction, so a machine that is killed at any moment neither forgets an
emergency nor says a thing twice under two ids. This is SQLite because a CAD of another vendor brings its own store.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import msgspec

from hub112.contract import Envelope
from hub112.simulator import model
from hub112.simulator.model import Called, Step

_TABLES = """
CREATE TABLE IF NOT EXISTS inbox (message_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS handoff (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, called BLOB NOT NULL, heard INTEGER NOT NULL,
    said INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS plan (
    number INTEGER PRIMARY KEY, handoff TEXT NOT NULL, due REAL NOT NULL, step BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS plan_due ON plan (due, number);
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY, handoff TEXT NOT NULL, message_id TEXT NOT NULL, subject TEXT NOT NULL,
    payload BLOB NOT NULL, spoil TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A handoff of this desk: where it is answered, the last numbers heard and said, whether it was accepted."""

    subject: str
    called: Called
    heard: int
    said: int
    accepted: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is to be sent until the stream has it, always under the same id."""

    number: int
    message_id: UUID
    subject: str
    payload: bytes
    spoil: str


class Memory:
    """`place`: a file, or `:memory:` for a desk that may forget."""

    def __init__(self, place: str) -> None:
        self._store = sqlite3.connect(place, isolation_level=None)
        self._store.execute("PRAGMA journal_mode = WAL")
        self._store.executescript(_TABLES)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """All or nothing of what is written inside."""
        self._store.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._store.execute("ROLLBACK")
            raise
        self._store.execute("COMMIT")

    def once(self, message_id: UUID) -> bool:
        """Whether this message comes for the first time."""
        done = self._store.execute("INSERT OR IGNORE INTO inbox VALUES (?)", (str(message_id),))
        return done.rowcount == 1

    def know(self, subject: str, called: Called) -> None:
        """An emergency begins, or begins again: its numbers of what was said go on."""
        self._store.execute(
            "INSERT INTO handoff (id, subject, called, heard) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
            " SET called = excluded.called, heard = excluded.heard, accepted = 0",
            (_id(called.envelope), subject, msgspec.json.encode(called), called.envelope.seq),
        )

    def known(self, handoff: str) -> Known | None:
        """What is known of a handoff."""
        row = self._store.execute(
            "SELECT subject, called, heard, said, accepted FROM handoff WHERE id = ?", (handoff,)
        ).fetchone()
        if row is None:
            return None
        subject, called, heard, said, accepted = row
        return Known(subject, msgspec.json.decode(called, type=Called), heard, said, bool(accepted))

    def hear(self, handoff: str, seq: int, *, accepted: bool) -> None:
        """The last number heard of a handoff, and whether it stands accepted."""
        self._store.execute(
            "UPDATE handoff SET heard = ?, accepted = ? WHERE id = ?", (seq, accepted, handoff)
        )

    def plan(self, handoff: str, steps: Sequence[tuple[float, Step]]) -> None:
        """What is still to be said about a handoff and when (epoch seconds), instead of what was planned."""
        self._store.execute("DELETE FROM plan WHERE handoff = ?", (handoff,))
        self._store.executemany(
            "INSERT INTO plan (handoff, due, step) VALUES (?, ?, ?)",
            [(handoff, due, model.written(step)) for due, step in steps],
        )

    def take_due(self, at: float) -> list[tuple[str, Step]]:
        """The steps that are due, in their order; they leave the plan."""
        rows = self._store.execute(
            "DELETE FROM plan WHERE due <= ? RETURNING due, number, handoff, step", (at,)
        )
        return [(handoff, model.read(step)) for _, _, handoff, step in sorted(rows.fetchall())]

    def next_due(self) -> float | None:
        """When the next step is due, epoch seconds."""
        found: float | None = self._store.execute("SELECT min(due) FROM plan").fetchone()[0]
        return found

    def say(self, handoff: str, waiting: Waiting, said: int, *, accepted: bool) -> None:
        """Put a message into the outbox; `said` is the last good number of its handoff then."""
        self._store.execute(
            "INSERT INTO outbox (handoff, message_id, subject, payload, spoil) VALUES (?, ?, ?, ?, ?)",
            (handoff, str(waiting.message_id), waiting.subject, waiting.payload, waiting.spoil),
        )
        self._store.execute(
            "UPDATE handoff SET said = ?, accepted = ? WHERE id = ?", (said, accepted, handoff)
        )

    def waiting(self) -> list[Waiting]:
        """The oldest unsent message of each handoff: the next one goes when this one has arrived."""
        rows = self._store.execute(
            "SELECT min(number), message_id, subject, payload, spoil FROM outbox GROUP BY handoff ORDER BY 1"
        )
        return [Waiting(number, UUID(given), *rest) for number, given, *rest in rows.fetchall()]

    def sent(self, number: int) -> None:
        """A message is in the stream, or will never be."""
        self._store.execute("DELETE FROM outbox WHERE number = ?", (number,))


def _id(envelope: Envelope) -> str:
    return str(envelope.handoff_id)
