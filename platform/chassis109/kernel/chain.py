"""A hash chain over the rows of a history: each digest covers the row and the digest before it.

Whoever alters, drops or reorders a row must rewrite every later digest, and the copy that others hold betrays him.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import msgspec

START = bytes(32)
"""What the first row of a chain is linked to."""


def link(previous: bytes, content: Mapping[str, object]) -> bytes:
    """The digest of a row: SHA-256 over the digest before it and the row as JSON with sorted keys.

    Values are what JSON knows, times (aware) and UUIDs. Fractions are refused: a database may give them back
    written otherwise.
    """
    _refuse_fractions(content)
    return sha256(previous + msgspec.json.encode(content, order="sorted")).digest()


def verify(rows: Iterable[tuple[Mapping[str, object], bytes]]) -> int | None:
    """The position of the first row whose digest does not follow from it and from those before; None: all do."""
    previous = START
    for position, (content, digest) in enumerate(rows):
        if link(previous, content) != digest:
            return position
        previous = digest
    return None


def _refuse_fractions(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("a chained row holds no fractions")
    if isinstance(value, Mapping):
        for inner in value.values():
            _refuse_fractions(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_fractions(inner)
