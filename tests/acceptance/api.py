"""The same verbs over JSON, for what a test needs before its screen: tokens as outside clients get them."""

import time
from collections.abc import Mapping
from typing import Any

import httpx

WATER = {
    "phone": "+77051234567", "applicant": "Айгүл Сәрсенова", "language": "kk", "category": "water-no-supply",
    "text": "Үйде су жоқ", "address": "Жұмабаев көшесі 109",
}  # fmt: skip
GAS = {
    "type": "gas.leak_inside", "phone": "+77051234567", "applicant": "Айгүл Сәрсенова", "language": "kk",
    "text": "Подъезде газ иісі шығып тұр", "address": "Жұмабаев көшесі 109", "hazards": ["gas"],
    "place": {"entrance": "2", "floor": "4"}, "victims": {"count": 1, "trapped": True},
}  # fmt: skip
CENTRE = {"lon": 69.1401, "lat": 54.8701}
TOKEN_SECONDS = 120


class Api:
    """Speaks as demo people. A refusal raises unless the status is expected."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._http = httpx.AsyncClient(base_url=environment["DISPATCH_URL"], timeout=30)
        self._tokens: dict[str, tuple[float, str]] = {}

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def token(self, person: str) -> str:
        """An access token by direct grant, a new one every two minutes."""
        fetched, token = self._tokens.get(person, (0.0, ""))
        if time.monotonic() - fetched > TOKEN_SECONDS or not token:
            token = await self._granted(person)
            self._tokens[person] = (time.monotonic(), token)
        return token

    async def send(
        self, person: str, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """One request below /api/v1, whatever it answers."""
        bearer = {"Authorization": f"Bearer {await self.token(person)}"}
        return await self._http.request(method, f"/api/v1{path}", json=body, headers={**bearer, **headers})

    async def get(self, person: str, path: str) -> Any:
        """What stands there."""
        return _said(await self.send(person, "GET", path))

    async def post(self, person: str, path: str, body: object) -> Any:
        """What the verb answered."""
        return _said(await self.send(person, "POST", path, body))

    async def ticket(self, slug: str = "petropavl", **changes: object) -> Any:
        """A ticket that the operator of a tenant has just registered."""
        return await self.post(f"operator.{slug}", f"/t/{slug}/tickets", {**WATER, **changes})

    async def emergency(self, slug: str = "petropavl", **changes: object) -> Any:
        """An emergency that the operator of a tenant has just handed to its services."""
        return await self.post(f"operator.{slug}", f"/t/{slug}/emergencies", {**GAS, **changes})

    async def move(self, person: str, slug: str, ticket: Mapping[str, Any], verb: str, **said: object) -> Any:
        """One verb on a ticket; the ticket after it."""
        said.setdefault("version", ticket["version"])
        return await self.post(person, f"/t/{slug}/tickets/{ticket['id']}/{verb}", said)

    async def done(self, slug: str = "petropavl", **changes: object) -> Any:
        """A ticket whose work is reported as done, so that its applicant is owed a call."""
        ticket = await self.ticket(slug, **changes)
        person = f"executor.{slug}"
        for verb in ("accept", "start", "done"):
            ticket = await self.move(person, slug, ticket, verb)
        return ticket

    async def _granted(self, person: str) -> str:
        realm = f"{self._environment['KEYCLOAK_URL']}/realms/{self._environment['KEYCLOAK_REALM']}"
        form = {
            "grant_type": "password", "client_id": self._environment["DEMO_CLIENT"], "username": person,
            "password": self._environment["DEMO_PASSWORD"],
        }  # fmt: skip
        answer = await self._http.post(f"{realm}/protocol/openid-connect/token", data=form)
        return str(answer.raise_for_status().json()["access_token"])


def _said(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None
