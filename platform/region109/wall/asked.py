"""The filter of a territory's tickets as it stands in an address: read, checked, and written again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, get_args
from urllib.parse import urlencode

from chassis109.kernel import clock
from chassis109.kernel.text import Form
from region109.contract import TicketState

STATES: tuple[str, ...] = get_args(TicketState)
MOST = 40
FIRST_YEAR = 24
"""Before it nobody had a number."""
_NUMBER = re.compile(r"(?:109[-\s]?)?(\d{2})[-\s](\d{1,9})|№?\s*(\d{1,9})")


class Query(Protocol):
    """What an address carries after its question mark."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]:
        """Every value of a name."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. `numbers` are references, one of which it must be."""

    all: bool = False
    state: str = ""
    category: str = ""
    service: str = ""
    overdue: bool = False
    silent: bool = False
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person chose; empty means no limit."""

    view: str = "open"
    state: str = ""
    category: str = ""
    service: str = ""
    overdue: bool = False
    silent: bool = False
    q: str = ""

    @classmethod
    def read(cls, query: Query) -> "Asked":
        """From an address. Raises Invalid for a state or view that does not exist, and for what is no number."""

        def last(name: str) -> str:
            return (query.getall(name, []) or [""])[-1]

        return cls(
            last("view") or "open", last("state"), last("category"), last("service"), bool(last("overdue")),
            bool(last("silent")), last("q"),
        ).checked()  # fmt: skip

    def checked(self) -> "Asked":
        """The same, cleaned. Raises Invalid."""
        form = Form()
        asked = Asked(
            form.choice("view", self.view, {"open", "all"}), form.choice("state", self.state, {"", *STATES}),
            form.text("category", self.category, most=64), form.text("service", self.service, most=64),
            self.overdue, self.silent, form.text("q", self.q, most=MOST),
        )  # fmt: skip
        if asked.q and not _NUMBER.fullmatch(asked.q):
            form.refuse("q", "number", "A number looks like 109-26-000123; its last digits suffice.")
        form.done()
        return asked

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out beyond what has ended."""
        return bool(self.state or self.category or self.service or self.overdue or self.silent or self.q)

    def filter(self) -> Filter:
        """The same as the repository understands it; a number is looked for among everything."""
        return Filter(
            self.view == "all" or bool(self.q) or self.state in {"closed", "rejected", "cancelled", "referred"},
            self.state, self.category, self.service, self.overdue, self.silent, references(self.q),
        )  # fmt: skip

    def query(self, **more: str | None) -> str:
        """The address's part after the question mark, without what is empty."""
        given = {
            "view": "" if self.view == "open" else self.view, "state": self.state, "category": self.category,
            "service": self.service, "overdue": "1" if self.overdue else "", "silent": "1" if self.silent else "",
            "q": self.q, **more,
        }  # fmt: skip
        return urlencode([(name, value) for name, value in given.items() if value])


def references(typed: str) -> tuple[str, ...]:
    """What `109-26-000123`, `26-123` or, of any year, `№ 123` may be; nothing for what is no number."""
    found = _NUMBER.fullmatch(typed)
    if found is None:
        return ()
    if found[1]:
        return (f"109-{found[1]}-{found[2]:0>6}",)
    return tuple(f"109-{year:02}-{found[3]:0>6}" for year in range(FIRST_YEAR, clock.now().year % 100 + 1))
