"""Addresses that a person may be sent to after signing in."""

import re

MOST_CHARACTERS = 512
_INNER = ("/login", "/callback", "/logout", "/backchannel-logout")
# One slash, then only characters that no browser reads as another host, a scheme or a line end.
_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)


def local_path(wish: str | None, otherwise: str = "/tenants") -> str:
    """`wish` when it is a path on this site outside the sign-in itself, else `otherwise`."""
    if not wish or len(wish) > MOST_CHARACTERS or not _LOCAL.fullmatch(wish):
        return otherwise
    path = wish.partition("?")[0].partition("#")[0]
    return otherwise if path.startswith(_INNER) else wish
