"""The parties of a handoff on the broker of the running stack: a 109, a service, and the hub that hears both."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from hub112.contract import Address, Mode, stamp

ENOUGH = 10.0
MODE: Mode = "exercise"
"""A drill goes the very same way, and no live board of the stack shows what a test sends."""


@dataclass
class Broker:
    """The three parties of the page: a 109, a service, and the hub that sees both."""

    dispatch: Client
    desk: Client
    hub: Client
    heard: asyncio.Queue[Msg] = field(default_factory=asyncio.Queue)

    async def next(self, subject: str) -> dict[str, Any]:
        """The next message on a subject, the hub's own clocks left out."""
        others: list[str] = []
        while True:
            try:
                message = await asyncio.wait_for(self.heard.get(), ENOUGH)
            except TimeoutError:
                pytest.fail(f"nothing came on {subject}, but {others}")
            said: dict[str, Any] = json.loads(message.data)
            if message.subject == subject and not _is_rung(said):
                return said
            others.append(f"{message.subject} {said['kind']} {said.get('error', '')}")


def _is_rung(said: dict[str, Any]) -> bool:
    return str(said.get("reply", {}).get("reason", "")).startswith("rung:")


@dataclass
class Talk:
    """One handoff of the page: what stands in the frame of its messages."""

    handoff_id: UUID
    frame: dict[str, Any]
    began: str = ""

    def said(self, by: str, example: dict[str, Any]) -> dict[str, Any]:
        """An example as a whole message of now."""
        said = {**self.frame, "sentAt": stamp(clock.now()), **example, "messageId": str(uuid7())}
        said |= {name: self.frame[name] for name in ("handoffId", "incidentId", "expiresAt")}
        if by == "103":
            said["recipient"] = self.frame["sender"]
            said["sender"] = example.get("sender", self.frame["recipient"])
            said["refMessageId"] = self.began or str(uuid4())
        elif said["kind"] in ("create", "reopen"):
            self.began = said["messageId"]
        return said

    def subject(self, direction: Any) -> str:
        """Where a message of this handoff goes."""
        return Address("exercise", direction, "103", "petropavl", self.handoff_id).subject


def talk(first: dict[str, Any], number: int) -> Talk:
    """A new handoff with the frame of the page's first example."""
    handoff_id, ends = uuid4(), clock.now() + timedelta(minutes=15)
    frame = {name: first[name] for name in ("schema", "mode", "sender", "recipient")}
    incident_id = f"kz.sko.petropavl.2026.{uuid4().int % 10**8}{number}"
    named = {"handoffId": str(handoff_id), "incidentId": incident_id, "expiresAt": stamp(ends)}
    return Talk(handoff_id, frame | named)


async def send(client: Client, subject: str, said: dict[str, Any]) -> None:
    headers = {"Nats-Msg-Id": said["messageId"]}
    await client.jetstream().publish(subject, json.dumps(said).encode(), timeout=ENOUGH, headers=headers)
