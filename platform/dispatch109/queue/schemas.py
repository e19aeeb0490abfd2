"""What crosses HTTP about lists of tickets. Times are RFC 3339 UTC."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from dispatch109.queue.model import Row


class RowOut(msgspec.Struct):
    """One line of a list."""

    id: UUID
    reference: str
    state: str
    version: int
    category: str
    service: str | None
    priority: int
    text: str
    address: str
    landmark: str
    opened_at: datetime
    react_by: datetime | None
    due_at: datetime
    overdue: bool
    unanswered: int
    reopened: int

    @classmethod
    def of(cls, row: Row, now: datetime) -> "RowOut":
        """From the queue; `now` decides what is overdue."""
        own = {name: getattr(row, name) for name in cls.__struct_fields__ if hasattr(row, name)}
        own |= {"state": row.state.value, "category": row.category_code, "service": row.service_code}
        return cls(**{**own, "overdue": row.overdue(now)})


class PageOut(msgspec.Struct):
    """A page of a list; `next` is the cursor of the following page, null at the end."""

    items: list[RowOut]
    next: str | None
    count: Annotated[int, msgspec.Meta(description="how many there are, counted up to 1000")]
