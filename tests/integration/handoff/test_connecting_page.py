"""The page for a connecting agency is true: every example on it is sent through the broker, and the answer comes."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest
from tests.integration.handoff.parties import MODE, Broker, Talk, send, talk

from hub112.contract import CLOCKS, FaultCode, Kind, Reason, decode

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "connect-an-agency.md"
EXAMPLE = re.compile(
    r"<!-- sends: (?P<by>\d+), handoff: (?P<handoff>\w), (?P<who>desk|109) hears: (?P<kind>\w+) ?(?P<code>\d*) -->"
    r"\n```json\n(?P<text>.*?)```",
    re.DOTALL,
)


def shown(mark: str) -> str:
    """The code block behind a mark."""
    found = re.search(rf"<!-- {re.escape(mark)}.*? -->\n```\w+\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found, mark
    return found[1]


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
