"""Who opens tickets in the benchmark: the demo operators and seniors of every tenant, and what they write."""

import asyncio
import json
import os
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx

CATEGORY = "water-no-supply"
TEXTS = (
    "Нет холодной воды со вчерашнего вечера, весь дом без воды.", "Суық су жоқ, кешеден бері келмей тұр.",
    "Отключили воду без предупреждения, третий день не дают.", "Бүкіл үй сусыз отыр, екі күн болды.",
)  # fmt: skip
PHONES = 200


@dataclass(frozen=True)
class Desk:
    """One person in one tenant; `point` is WGS 84 (longitude, latitude)."""

    tenant: int
    slug: str
    service: str
    point: tuple[float, float]
    subject: UUID
    username: str


async def desks() -> list[Desk]:
    """Every demo person who may open tickets, tenant by tenant."""
    connection = await asyncpg.connect(os.environ["POSTGRES_DSN"])
    try:
        rows = await connection.fetch(
            "SELECT t.id, t.slug, t.lon, t.lat, r.service, m.subject, p.username FROM tenancy.tenant t"
            " JOIN tenancy.route r ON r.tenant_id = t.id AND r.category = $1 AND r.place = '*' AND r.active"
            " JOIN identity.membership m ON m.tenant_id = t.id AND m.active AND m.role IN ('operator', 'senior')"
            " JOIN identity.person p USING (subject) WHERE t.active ORDER BY m.role, t.id",
            CATEGORY,
        )
    finally:
        await connection.close()
    return [
        Desk(r["id"], r["slug"], r["service"], (r["lon"], r["lat"]), r["subject"], r["username"])
        for r in rows
    ]


async def tokens(of: list[Desk]) -> dict[str, str]:
    """An access token for each person, by user name."""
    env = os.environ
    url = f"{env['KEYCLOAK_URL']}/realms/{env['KEYCLOAK_REALM']}/protocol/openid-connect/token"
    form = {"grant_type": "password", "client_id": env["DEMO_CLIENT"], "password": env["DEMO_PASSWORD"]}
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        gate = asyncio.Semaphore(4)

        async def one(username: str) -> str:
            async with gate:
                answer = await http.post(url, data={**form, "username": username})
            if answer.is_error:
                raise RuntimeError(f"Keycloak gives no token for {username}: {answer.text[:200]}")
            return str(answer.json()["access_token"])

        names = sorted({desk.username for desk in of})
        return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))


def body(desk: Desk, number: int) -> dict[str, object]:
    """What the `number`-th caller says."""
    return {
        "phone": f"8 705 5{number % PHONES:03d} 109", "applicant": "Айгүл Сәрсенова", "language": "kk",
        "category": CATEGORY, "text": TEXTS[number % len(TEXTS)], "address": f"Абай көшесі {number % 97}",
        "point": {"lon": desk.point[0] + number % 50 / 10_000, "lat": desk.point[1] + number % 37 / 10_000},
    }  # fmt: skip


def requests(of: list[Desk], tokens_of: dict[str, str]) -> list[str]:
    """Whole HTTP requests, one after another from different tenants."""
    host = urlsplit(os.environ["DISPATCH_URL"]).netloc
    made = []
    for number in range(len(of) * 16):
        desk = of[number % len(of)]
        said = json.dumps(body(desk, number), ensure_ascii=False)
        made.append(
            f"POST /api/v1/t/{desk.slug}/tickets HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {tokens_of[desk.username]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(said.encode())}\r\n\r\n{said}"
        )
    return made
