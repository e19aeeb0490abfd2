"""What a bad program sends: one way of being wrong for each answer of the error catalogue that a desk can get."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

Document = dict[str, Any]


def _version(document: Document) -> Document:
    return document | {"schema": "sko.handoff/2.0"}


def _sender(document: Document) -> Document:
    """Another service's name over this service's account."""
    other = "101" if document["sender"]["service"] != "101" else "102"
    return document | {"sender": {"agency": f"kz.sko.{other}", "service": other}}


def _control(document: Document) -> Document:
    return document | {"reply": {"reason": "сигнал\u0007 и \u0000 внутри"}}


def _padded(size: int) -> Callable[[Document], Document]:
    return lambda document: document | {"traceparent": "x" * size}


def _stranger(document: Document) -> Document:
    """A handoff that was never given to this desk."""
    return document | {"handoffId": str(uuid4())}


_CHANGES: dict[str, Callable[[Document], Document]] = {
    "version": _version, "sender": _sender, "control": _control, "large": _padded(258_000),
    "huge": _padded(900_000), "stranger": _stranger,
}  # fmt: skip
NUMBERED = ("version", "control", "large")
"""Wrong, and yet the hub can read their number and knows whose they are: the number is used."""
SPOILS = ("broken", *_CHANGES)
"""broken JSON · another version · another's name · control characters · larger than the contract allows · larger
than the broker allows · unknown handoff."""


def spoiled(subject: str, payload: bytes, way: str) -> tuple[str, bytes]:
    """A good message made wrong; `stale` stays as it is: what is wrong there is its number."""
    if way == "broken":
        return subject, payload[: payload.index(b'"handoffId"')]
    change = _CHANGES.get(way)
    if change is None:
        return subject, payload
    document = change(json.loads(payload))
    if way == "stranger":
        subject = f"{subject.rpartition('.')[0]}.{document['handoffId']}"
    return subject, json.dumps(document, ensure_ascii=False).encode()
