"""What an address says, whichever way it is written, and a line of the call log. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis109.kernel.folding import folded_words
from dispatch109.tickets.model import reference

MOST_WORDS = 6
_STEM_LETTERS = 4
_ENDING_LETTERS = 2
# What people add or leave out: it does not tell one place from another. A flat's number ends the address.
_KINDS = frozenset(["улица", "кошеси", "проспект", "дангылы", "переулок", "микрорайон", "дом", "уй"])
_FLAT = frozenset(["кв", "квартира", "патер", "пат"])


def place_patterns(address: str) -> list[str]:
    """Regular expressions that the folded text of a ticket at this address matches, every one; [] while
    nothing is named. Names count without their endings (Жұмабаев, Жумабаева), numbers whole."""
    names, numbers = [], []
    for word in folded_words(address):
        if word in _FLAT:
            break
        if word[0].isdigit():
            numbers.append(rf"\m{word}\M")
        elif len(word) >= _STEM_LETTERS and word not in _KINDS:
            stem = word[: max(_STEM_LETTERS, len(word) - _ENDING_LETTERS)]
            names.append(rf"\m{stem}")
    return [*names, *numbers][:MOST_WORDS] if names else []


_SAME = ("id", "at", "outcome", "category_code", "note", "ticket_id", "incident_id", "emergency")


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call in the log: what was asked, how it ended, who took it; never who called."""

    id: UUID
    at: datetime
    outcome: str
    category_code: str | None
    note: str
    ticket_id: UUID | None
    ticket: str | None
    incident_id: UUID | None
    emergency: str | None
    operator: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "CallLine":
        """From a row that joins the call with its ticket or emergency and its operator."""
        number = reference(row["year"], row["number"]) if row["number"] is not None else None
        same = {name: row[name] for name in _SAME}
        return cls(**same, ticket=number, operator=row["operator"] or "")
