"""An account that has ended, on the running broker: out within seconds, refused from then on, and logged."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.integration.stack.brokers import Broker, spoken
from tests.integration.stack.command import stack

ACCOUNT = "S104"
LOG = Path(os.environ.get("DISPATCH109_LOCAL", ".")) / "log" / "nats.log"
BROKER = Broker(os.environ.get("NATS_URL", ""), {}, LOG)
REFUSED = f'authentication error - User "{ACCOUNT.lower()}"'


def login() -> tuple[str, str, str]:
    """Where the broker is, and the account's right name and password."""
    known = json.loads(Path(os.environ["NATS_CREDENTIALS"]).read_text())[ACCOUNT]
    return os.environ["NATS_URL"], known["user"], known["password"]


async def first_words() -> str:
    """What the broker answers to the right password."""
    async with spoken(*login()) as talk:
        return await talk.hear()


async def test_an_account_ends_on_its_day_is_refused_and_logged_and_comes_back_when_renewed() -> None:
    logged = LOG.read_text().count(REFUSED)
    async with spoken(*login()) as talk:
        assert await talk.hear() == "PONG"
        at = datetime.now(UTC) + timedelta(seconds=1)
        try:
            assert stack("account", "expire", ACCOUNT, "--at", at.isoformat()).returncode == 0
            while await talk.hear(10):  # the broker's PINGs, until it hangs up
                pass
            assert await first_words() == "-ERR 'Authorization Violation'"
            assert await BROKER.logged(REFUSED, times=logged + 1)
        finally:
            assert stack("account", "renew", ACCOUNT).returncode == 0
    for _ in range(100):
        if await first_words() == "PONG":
            break
        await asyncio.sleep(0.1)
    assert await first_words() == "PONG"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("expire", "HUB"), "HUB cannot expire"),
        (("expire", "S999"), "S999 cannot expire"),
        (("expire", ACCOUNT, "--at", "tomorrow"), "is not a time"),
    ],
)
def test_what_cannot_end_is_told(arguments: tuple[str, ...], said: str) -> None:
    refused = stack("account", *arguments)
    assert refused.returncode == 1
    assert said in refused.stderr
