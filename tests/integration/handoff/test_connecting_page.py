"""The page for a connecting agency is true: every example on it is sent through the broker, and the answer comes."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.aio.msg import Msg

from chassis109.kernel import clock
from chassis109.kernel.ids import uuid7
from hub112.contract import CLOCKS, Address, FaultCode, Kind, Reason, decode, stamp

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "connect-an-agency.md"
EXAMPLE = re.compile(
    r"<!-- sends: (?P<by>\d+), handoff: (?P<handoff>\w), (?P<who>desk|109) hears: (?P<kind>\w+) ?(?P<code>\d*) -->"
    r"\n```json\n(?P<text>.*?)```",
    re.DOTALL,
)
ENOUGH = 10.0
MODE = "exercise"


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


@pytest.fixture
def users(environment: dict[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(Path(environment["NATS_CREDENTIALS"]).read_text())
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def broker(users: dict[str, dict[str, str]], environment: dict[str, str]) -> AsyncIterator[Broker]:
    clients = []
    for account in ("T_PETROPAVL", "S103", "HUB"):
        client = Client()
        await client.connect(environment["NATS_URL"], **users[account])
        clients.append(client)
    made = Broker(*clients)
    for direction in ("return", "desk"):
        await made.hub.subscribe(f"sko.{MODE}.{direction}.*.*.*", cb=made.heard.put)
    await made.hub.flush()
    yield made
    for client in clients:
        await client.close()


def shown(mark: str) -> str:
    """The code block behind a mark."""
    found = re.search(rf"<!-- {re.escape(mark)}.*? -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found, mark
    return found[1]


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


async def test_every_example_gets_the_answer_that_the_page_names(broker: Broker) -> None:
    examples = list(EXAMPLE.finditer(PAGE.read_text("utf-8")))
    first = json.loads(examples[0]["text"])
    talks: dict[str, Talk] = {}
    assert len(examples) == PAGE.read_text("utf-8").count("```json")

    for number, example in enumerate(examples):
        about = talks.setdefault(example["handoff"], talk(first, number))
        said = about.said(example["by"], json.loads(example["text"]))
        if example["by"] == "109":
            await send(broker.dispatch, about.subject("handoff"), said)
        else:
            await send(broker.desk, about.subject("reply"), said)
        answer = await broker.next(about.subject("desk" if example["who"] == "desk" else "return"))

        assert answer["kind"] == example["kind"], (said, answer)
        assert str(answer.get("error", {}).get("code", "")) == example["code"], answer
        if example["code"]:
            assert answer["refMessageId"] == said["messageId"]
        elif example["who"] == "desk":
            assert answer.get("incident", {}).keys() >= said.get("incident", {}).keys()


def test_the_page_names_every_kind_reason_and_error() -> None:
    text = PAGE.read_text("utf-8")

    assert [code for code in FaultCode if f"| {code.value} | {code.name.lower()} |" not in text] == []
    assert [
        kind for kind in get_args(Kind) if f"`{kind}`" not in text and f'"kind": "{kind}"' not in text
    ] == []
    assert " ".join(get_args(Reason)) in text
    for name, clocks in CLOCKS.items():
        numbers = (clocks.receipt, clocks.seen, clocks.decide, clocks.region, clocks.unit, clocks.expires)
        assert f"{name} {' '.join(map(str, numbers))}" in text.replace("\n", " "), name


async def test_the_smallest_desk_says_that_it_has_received(
    broker: Broker, users: dict[str, dict[str, str]]
) -> None:
    about = await _handed_over(broker)
    own = {"NATS_USER": users["S103"]["user"], "NATS_PASSWORD": users["S103"]["password"], "MODE": MODE}
    async with running([sys.executable, "-W", "error", "-c", shown("a desk in Python")], own):
        answer = await broker.next(about.subject("return"))

    assert answer["kind"] == "receipt"
    assert decode(json.dumps(answer).encode()).handoff_id == about.handoff_id


async def test_the_machine_api_works_as_shown(broker: Broker, environment: dict[str, str]) -> None:
    about = await _handed_over(broker)
    own = {
        "ISSUER": f"{environment['KEYCLOAK_URL']}/realms/{environment['HUB_REALM']}",
        "PRIVATE_KEY": str(Path(environment["HUB_MACHINE_KEYS"], "service-103.pem")),
    }
    token = await said_by([sys.executable, "-c", shown("a token in Python")], own)
    answer = await said_by(
        ["bash", "-e", "-c", shown("the API by curl")], {"TOKEN": token, "HANDOFF": str(about.handoff_id)}
    )

    assert '"state":"accepted"' in answer
    assert [(await broker.next(about.subject("return")))["kind"] for _ in range(2)][-1] in {"accept", "seen"}


async def _handed_over(broker: Broker) -> Talk:
    """An emergency that has reached the desk."""
    first = json.loads(next(EXAMPLE.finditer(PAGE.read_text("utf-8")))["text"])
    about = talk(first, 0)
    await send(broker.dispatch, about.subject("handoff"), about.said("109", first))
    await broker.next(about.subject("desk"))
    return about


@asynccontextmanager
async def running(argv: Sequence[str], own: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *argv, env={**os.environ, **own}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def said_by(argv: Sequence[str], own: dict[str, str]) -> str:
    """What a program of the page prints."""
    async with running(argv, own) as process:
        out, err = await process.communicate()
    if process.returncode:
        pytest.fail(err.decode() or out.decode())
    return out.decode().strip()
