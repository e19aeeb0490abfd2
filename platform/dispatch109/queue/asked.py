"""The filter of a queue as it stands in an address: read, checked, and written again for the next page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlencode

from chassis109.kernel.text import Form
from dispatch109.queue import service as queue
from dispatch109.queue.model import VIEWS, Filter
from dispatch109.tickets.model import State
from identity109.actor import Actor


class Query(Protocol):
    """What an address carries after its question mark."""

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]:
        """Every value of a name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person chose in the filter bar; empty means no limit."""

    view: str = "open"
    states: tuple[str, ...] = ()
    service: str = ""
    category: str = ""
    overdue: bool = False
    unanswered: bool = False
    q: str = ""

    @classmethod
    def read(cls, query: Query) -> "Asked":
        """From an address. Raises Invalid for a state or view that does not exist."""

        def last(name: str) -> str:
            return (query.getall(name, []) or [""])[-1]

        form = Form()
        view = form.choice("view", last("view") or VIEWS[0], set(VIEWS))
        known = {state.value for state in State}
        states = tuple(form.choice("state", state, known) for state in query.getall("state", []) if state)
        asked = cls(
            view, states, last("service"), last("category"), bool(last("overdue")), bool(last("unanswered")),
            form.text("q", last("q"), most=queue.MOST_WORDS),
        )  # fmt: skip
        form.done()
        return asked

    def filter(self, actor: Actor) -> Filter:
        """The same as the queue understands it, with what was typed into search."""
        wanted = Filter(
            view=self.view, states=tuple(State(state) for state in self.states), service=self.service or None,
            category=self.category or None, overdue=self.overdue, unanswered=self.unanswered,
        )  # fmt: skip
        return queue.searched(wanted, self.q, actor)

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out beyond what is closed."""
        return replace(self, view="open") != Asked()

    def query(self, **more: str | None) -> str:
        """The address's part after the question mark, without what is empty."""
        flags = {"overdue": "1" if self.overdue else "", "unanswered": "1" if self.unanswered else ""}
        given: Mapping[str, str | None] = {
            "view": "" if self.view == VIEWS[0] else self.view, "service": self.service,
            "category": self.category, **flags, "q": self.q, **more,
        }  # fmt: skip
        pairs = [("state", state) for state in self.states]
        return urlencode([*pairs, *((name, value) for name, value in given.items() if value)])
