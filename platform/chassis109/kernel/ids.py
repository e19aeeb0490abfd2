"""Identifiers that sort by time (UUIDv7, RFC 9562): good keys, and nothing to guess in a URL."""

from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7


def uuid7() -> UUID:
    """A new UUIDv7."""
    return _uuid7()
