"""Keyset paging: a cursor says after which row the next page begins.

The cursor is opaque to the caller and holds the tenant and the key values of the last row, nothing secret:
row-level security answers for what may be read. What is not exactly such a cursor is refused.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from chassis109.kernel.errors import FieldError, Invalid

MOST = 100
USUAL = 50
_LONGEST = 400

Key = datetime | UUID | int | str
T = TypeVar("T")
K = TypeVar("K")


class Page(msgspec.Struct, Generic[T]):
    """One page and the cursor of the next; `next` is null on the last."""

    items: list[T]
    next: str | None


def encode(tenant: int, *key: Key) -> str:
    """The cursor after the row whose sort columns are `key`."""
    return urlsafe_b64encode(msgspec.json.encode((tenant, *key))).rstrip(b"=").decode()


def decode(cursor: str | None, tenant: int, key: type[K]) -> K | None:
    """The key values of a cursor as the tuple type `key`, say `tuple[datetime, UUID]`; None: first page.

    Raises Invalid (field `cursor`) for anything that `encode` did not make for this tenant.
    """
    if not cursor:
        return None
    try:
        if len(cursor) > _LONGEST:
            raise ValueError
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        whose, *values = msgspec.json.decode(raw, type=list[object])
        if whose != tenant or urlsafe_b64encode(raw).rstrip(b"=") != cursor.encode("ascii"):
            raise ValueError
        return msgspec.convert(values, key)
    except (ValueError, Base64Error, msgspec.MsgspecError) as error:
        raise Invalid(
            FieldError("cursor", "cursor", "This page marker is not valid; start again.")
        ) from error


def size(limit: int | None) -> int:
    """How many rows a page has: `limit` within 1 … MOST, USUAL when it is not given. Raises Invalid."""
    if limit is None:
        return USUAL
    if not 1 <= limit <= MOST:
        raise Invalid(FieldError("limit", "range", "A page has 1 to {most} rows.", {"most": MOST}))
    return limit


def page(rows: list[T], limit: int, tenant: int, key: Callable[[T], tuple[Key, ...]]) -> Page[T]:
    """A page from up to `limit` + 1 rows: the extra row only tells that there is a next page."""
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items, encode(tenant, *key(items[-1])) if more else None)
