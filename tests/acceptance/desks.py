"""The desks of the hub: a 109 that hands over through its own account, a machine over HTTP, and the board by keys."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Locator, expect
from tests import hub_makers
from tests.acceptance import keys
from tests.acceptance.browsing import Browsing, Window
from tests.acceptance.waiting import until

from chassis109.bus.connection import Connections
from chassis109.kernel import clock
from hub112.contract import Caller, Envelope, Incident, Note, encode, stamp
from identity109 import machine_token

TOKEN_SECONDS = 120
MOST_LOOKS = 5


def incident(**changes: Any) -> Incident:
    """All that a desk may be told."""
    told = {
        "narrative": "Сильный запах газа на третьем этаже, жильцы жалуются на головную боль",
        "hazards": ["gas", "no_access"],
        "caller": Caller(name="Айгүл Сәрсенова", phone="+77051234567", language="ru", relation="witness"),
        "notes": [Note(at=stamp(clock.now()), by="Оператор 04", text="Просили не звонить в дверь")],
    }
    return hub_makers.incident(**(told | changes))


class Line:
    """Speaks as the 109 of Petropavl."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        credentials = Path(environment["NATS_CREDENTIALS"])
        self._connections = Connections(environment["NATS_URL"], credentials, "tests")

    async def close(self) -> None:
        """Give the connection back."""
        await self._connections.close()

    async def say(self, said: Envelope) -> Envelope:
        """One message, acknowledged by the stream."""
        client = await self._connections.get("T_PETROPAVL")
        headers = {"Nats-Msg-Id": str(said.message_id)}
        await client.jetstream().publish(hub_makers.subject_of(said), encode(said), headers=headers)
        return said

    async def hand_over(self, service: str = "103", **changes: Any) -> Envelope:
        """A new emergency for a desk."""
        return await self.say(hub_makers.envelope("create", service, **({"incident": incident()} | changes)))


class HubApi:
    """The JSON API of the hub: as `service-<code>` by client credentials, or as a person."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._http = httpx.AsyncClient(base_url=environment["HUB_URL"], timeout=30)
        self._tokens: dict[str, tuple[float, str]] = {}

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def send(
        self, who: str, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """One request below /api/v1/hub by a desk's machine (`103`) or a person (`operator.103`)."""
        bearer = {"Authorization": f"Bearer {await self._token(who)}"}
        return await self._http.request(
            method, f"/api/v1/hub{path}", json=body, headers={**bearer, **headers}
        )

    async def verb(self, desk: str, said: Envelope, verb: str, **body: object) -> Any:
        """What a desk's machine does with a handoff; the handoff after it."""
        answer = await self.send(desk, "POST", f"/{desk}/handoffs/{said.handoff_id}/{verb}", body or None)
        assert answer.is_success, f"{verb}: {answer.status_code} {answer.text}"
        return answer.json()

    async def state(self, said: Envelope) -> str:
        """Where a handoff stands; empty while the hub has not got it."""
        desk = str(said.recipient.service)
        answer = await self.send(desk, "GET", f"/{desk}/handoffs/{said.handoff_id}")
        return str(answer.json()["handoff"]["state"]) if answer.is_success else ""

    async def arrived(self, said: Envelope) -> Envelope:
        """Wait until the hub has it, whatever became of it since."""

        async def there() -> bool:
            return bool(await self.state(said))

        await until(there, wanted=True)
        return said

    async def clear(self, desk: str) -> None:
        """Decline what waits at a desk, take what has expired, and close what is under way."""
        for mode in ("live", "exercise"):
            found = await self.send(desk, "GET", f"/{desk}/handoffs?mode={mode}")
            for item in found.json()["items"]:
                one = f"/{desk}/handoffs/{item['id']}"
                await self.send(desk, "POST", f"{one}/receipt")
                ended = await self.send(desk, "POST", f"{one}/decline", {"reason_code": "false_alarm"})
                if ended.is_error:
                    await self.send(desk, "POST", f"{one}/accept", {})
                    await self.send(desk, "POST", f"{one}/close", {"disposition": "проверка"})

    async def _token(self, who: str) -> str:
        fetched, token = self._tokens.get(who, (0.0, ""))
        if time.monotonic() - fetched > TOKEN_SECONDS or not token:
            token = await self._granted(who)
            self._tokens[who] = (time.monotonic(), token)
        return token

    async def _granted(self, who: str) -> str:
        issuer = f"{self._environment['KEYCLOAK_URL']}/realms/{self._environment['HUB_REALM']}"
        if who.isdigit():
            return await asyncio.to_thread(machine_token.obtain, issuer, f"service-{who}", self._key(who))
        form = {
            "grant_type": "password", "client_id": self._environment["HUB_DEMO_CLIENT"], "username": who,
            "password": self._environment["DEMO_PASSWORD"],
        }  # fmt: skip
        answer = await self._http.post(f"{issuer}/protocol/openid-connect/token", data=form)
        return str(answer.raise_for_status().json()["access_token"])

    def _key(self, desk: str) -> bytes:
        return Path(self._environment["HUB_MACHINE_KEYS"], f"service-{desk}.pem").read_bytes()


class Board:
    """The board of a desk, worked by keys."""

    def __init__(self, window: Window, desk: str = "103") -> None:
        self.window = window
        self.page = page = window.page
        self.toasts = page.locator("#toasts")
        self.sound = page.locator("desk-alarm")
        self.strip = page.locator("#strip")
        self.path = f"/hub/{desk}"

    async def open(self, query: str = "") -> None:
        """With its stream."""
        await self.page.goto(f"{self.path}{query}")
        await expect(self.page.locator("live-badge")).to_have_attribute("data-state", "live")

    def row(self, said: Envelope) -> Locator:
        """The line of a handoff, wherever it stands."""
        return self.page.locator(f"#h-{said.handoff_id}")

    async def focus(self, said: Envelope) -> None:
        """F7 and arrows, to the row of a handoff that waits; once more when a row above it went meanwhile."""
        await expect(self.row(said)).to_be_visible()
        for _ in range(MOST_LOOKS):
            await self.page.keyboard.press("F7")
            ids = await self.page.locator("#waiting-list [data-row]").evaluate_all(
                "all => all.map(r => r.id)"
            )
            await keys.down(self.page, ids.index(f"h-{said.handoff_id}"))
            if await keys.focused(self.page, f"#h-{said.handoff_id}"):
                return
        raise AssertionError("the row keeps moving away")


async def at_desk(at_hub: Browsing, person: str = "operator.103", desk: str = "103") -> Board:
    """The board of a desk, open before a person."""
    board = Board(await at_hub.of(person), desk)
    await board.open()
    return board


async def answered_by(dialog: Locator, *fields: tuple[str, str]) -> None:
    """Fill a dialog by keys and send it."""
    page = dialog.page
    await expect(dialog).to_be_visible()
    for selector, words in fields:
        if not await keys.focused(page, selector):
            await keys.tab_to(page, selector)
        await page.keyboard.type(words)
    await page.keyboard.press("Control+Enter")
    await expect(dialog).to_be_hidden()
