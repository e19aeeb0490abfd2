"""The subjects and accounts of the bus. Tokens are names of ours; never free text."""

import re
from uuid import UUID

from chassis109.kernel.errors import Refused

NODE = "NODE"  # the account of this dispatch node: ui.<slug>.<kind> and wake, core NATS
HUB = "HUB"  # the account of the 112 hub: its streams, and its own ui.… and wake
REGION = "REGION"

_TOKEN = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


class SubjectRefused(Refused):
    """{token} cannot be part of a subject."""


def token(text: str) -> str:
    """`text` when it may stand between two dots of a subject; raises SubjectRefused."""
    if _TOKEN.fullmatch(text) is None:
        raise SubjectRefused(token=repr(text))
    return text


def account_of(slug: str) -> str:
    """The NATS account of a tenant: `shal-aqyn` → `T_SHAL_AQYN`."""
    return "T_" + token(slug).upper().replace("-", "_")


def feed(slug: str, kind: str) -> str:
    """A tenant's facts for the region, stream FEED."""
    return f"sko.feed.{token(slug)}.{token(kind)}"


def ui(slug: str, kind: str) -> str:
    """What changed, for the screens of a tenant; `kind` may be the wildcard `*`."""
    return f"ui.{token(slug)}.{kind if kind == '*' else token(kind)}"


def wake() -> str:
    """Tells the relay of a node that something was committed which is in a hurry."""
    return "wake"


def matches(pattern: str, subject: str) -> bool:
    """Whether `subject` falls under `pattern`: `*` stands for one token, a last `>` for one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted, given = wanted[:-1], given[: len(wanted) - 1] if len(given) >= len(wanted) else []
    return len(wanted) == len(given) and all(w in ("*", g) for w, g in zip(wanted, given, strict=True))


def message_uuid(text: str | None) -> UUID | None:
    """The message id of a Nats-Msg-Id header; None when it is missing or no UUID."""
    try:
        return UUID(text or "")
    except ValueError:
        return None
