"""What a person of one tenant tries against another: a hostile request, and its twin that names what does not exist.

Both say the same apart from that; whoever answers them differently tells that the other tenant's thing is there.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from random import Random
from typing import Any
from uuid import UUID

from tests.prove.ground.people import Caller
from tests.prove.ground.routes import Route
from tests.prove.ground.world import Side, World, nowhere

LOOK_ALIKES = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "y": "у", "x": "х", "1": "１", "0": "０"}
"""Letters of other alphabets that look like ours."""
REFERENCES = frozenset({"ticket", "incident", "to", "territory", "service", "subject"})
"""Fields of bodies that name something."""
RECEIVERS = frozenset({"to", "territory"})
"""Fields that name a tenant or a desk to which something is sent."""


@dataclass(frozen=True)
class Call:
    """One request."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    sent: frozenset[str] = frozenset()
    """What the request itself named: seeing it in the answer proves nothing."""


@dataclass(frozen=True)
class Attack:
    """A hostile request of a person and its twin."""

    name: str
    route: Route
    by: Caller
    foreign: Call
    twin: Call
    refused: bool = False
    """Whether it must be refused whatever the twin gets: it shows a thing that is marked as another tenant's."""
    known: bool = False
    """Whether everybody may know that what it names is there: the form itself offers it."""


def missing(random: Random) -> str:
    """An id that nothing has, the same in each run."""
    return str(UUID(int=random.getrandbits(128), version=4))


async def attacks(  # noqa: C901 - one list of ways, read from top to bottom
    route: Route, by: Caller, ours: Side, theirs: Side, world: World, random: Random
) -> AsyncIterator[Attack]:
    """Every way in which this route can be asked for what belongs to `theirs`."""
    own = {name: await world.id_of(name, ours) for name in route.ids}
    foreign = {name: await world.id_of(name, theirs) for name in route.ids}
    absent = {name: missing(random) for name in route.ids}
    if "territory" in route.ids:
        own["territory"], foreign["territory"] = ours.slug, theirs.slug
        absent["territory"] = nowhere(world.service)
    body, gone = route.request(), nowhere(world.service)
    here, there = {"slug": ours.slug}, {"slug": theirs.slug}

    def made(name: str, one: Call, other: Call, *, known: bool = False) -> Attack:
        return Attack(name, route, by, one, other, known=known)

    def call(values: Mapping[str, str], **more: Any) -> Call:
        sent = frozenset({*values.values(), *more.get("query", {}).values(), *more.pop("named", ())})
        return Call(route.address(dict(values)), body=more.pop("body", body), sent=sent, **more)

    yield made("foreign tenant", call(foreign | there), call(absent | {"slug": gone}))
    if "slug" in route.parameters:
        yield made("own id in a foreign tenant", call(own | there), call(own | {"slug": gone}))
        for word, alike in look_alikes(theirs.slug, gone):
            yield made("look-alike", call(foreign | {"slug": word}), call(absent | {"slug": alike}))
        mixed = mix(ours.slug, theirs.slug), mix(ours.slug, gone)
        yield made("mixed path", call(foreign | {"slug": mixed[0]}), call(absent | {"slug": mixed[1]}))
    if route.ids:
        yield made("foreign id", call(foreign | here), call(absent | here))
        for name in route.ids[1:]:
            yield made(
                "own and foreign id",
                call({**own, name: foreign[name]} | here),
                call({**own, name: absent[name]} | here),
            )
    marked = headers(theirs.slug, theirs.number), headers(gone, 999)
    if route.method == "GET":
        yield made("header", call(own | here, headers=marked[0]), call(own | here, headers=marked[1]))
        doubled = {"slug": theirs.slug, "tenant": theirs.slug}, {"slug": gone, "tenant": gone}
        yield made(
            "doubled in the query", call(own | here, query=doubled[0]), call(own | here, query=doubled[1])
        )
    if route.keyed and not route.ids:
        used, unused = {"Idempotency-Key": key_of(route, theirs)}, {"Idempotency-Key": missing(random)}
        yield made("idempotency key", call(here, headers=used), call(here, headers=unused))
    for name in route.query:
        for one, other in filters(name, theirs, random):
            yield made(
                f"filter {name}", call(own | here, query={name: one}), call(own | here, query={name: other})
            )
    for name, field_of in named(body):
        wanted = await world.id_of("ticket_id", theirs) if name in {"ticket", "incident"} else theirs.slug
        one, other = field_of(wanted), field_of(missing(random))
        yield made(
            f"body {name}", call(own | here, body=one, named=[wanted]), call(own | here, body=other),
            known=name in RECEIVERS,
        )  # fmt: skip


def key_of(route: Route, side: Side) -> str:
    """An idempotency key under which a side has said something at this route."""
    return f"{side.slug}-{md5(f'{route.method} {route.path}'.encode()).hexdigest()[:16]}"  # noqa: S324 - a name


def cursor_attacks(route: Route, by: Caller, ours: Side, theirs: Side) -> list[Attack]:
    """Pages of the other tenant's lists, and of nobody's."""
    cursor = theirs.cursors.get(route.path)
    if cursor is None or "slug" not in route.parameters or route.ids:
        return []
    address, nobodys = route.address({"slug": ours.slug}), of_nobody(cursor)
    one, other = Call(address, {"cursor": cursor}), Call(address, {"cursor": nobodys})
    return [Attack("cursor", route, by, one, other, refused=True)]


def of_nobody(cursor: str) -> str:
    """The same place in the list of a tenant that does not exist."""
    said = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw = json.dumps([999, *said[1:]], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def look_alikes(slug: str, gone: str) -> list[tuple[str, str]]:
    """Spellings of a name that a careless comparison would take for it, each with the same done to nobody's."""
    ways = (
        str.upper, str.title, lambda s: "".join(LOOK_ALIKES.get(c, c) for c in s), lambda s: s + ".",
        lambda s: s + "%00", lambda s: s + "%20", lambda s: "%20" + s, lambda s: s + "%E2%80%8B", lambda s: s + ";a=b",
        lambda s: s + "%CC%81", lambda s: "".join(f"%{ord(c):02X}" for c in s[:-1]) + s[-1] + "%2e",
    )  # fmt: skip
    said = [(way(slug), way(gone)) for way in ways]
    return [pair for pair in said if pair[0] != slug] + [("__proto__", "__prot0__")]


def mix(ours: str, theirs: str) -> str:
    """One tenant's address that climbs into another's."""
    return f"{ours}%2F..%2F{theirs}"


def headers(slug: str, number: int) -> dict[str, str]:
    """Every header by which some product lets a caller choose the tenant."""
    return {
        "X-Tenant": slug, "X-Tenant-Id": str(number), "X-Original-URL": f"/t/{slug}/op",
        "X-Rewrite-URL": f"/t/{slug}/op", "X-Forwarded-Prefix": f"/t/{slug}", "X-Forwarded-Host": f"{slug}.localhost",
        "Referer": f"http://localhost/t/{slug}", "X-Request-Id": f"{slug}-00000000",
    }  # fmt: skip


def filters(name: str, theirs: Side, random: Random) -> list[tuple[str, str]]:
    """Values of a filter that name the other tenant's things, with others like them that name nothing."""
    number = f"+7700{random.randrange(10**7):07d}"
    known = {
        "q": [(theirs.mark, "Құпия-жоқ"), (theirs.phone or "1", number)], "phone": [(theirs.phone or "1", number)],
        "ticket": [(theirs.ids.get("ticket_id", missing(random)), missing(random))],
        "incident": [(theirs.ids.get("incident_id", missing(random)), missing(random))],
        "service": [(theirs.slug, "atlantis")], "category": [(theirs.slug, "atlantis")],
        "territory": [(theirs.slug, "atlantis")], "bbox": [("66,52,74,56", "1,1,2,2")],
    }  # fmt: skip
    return [pair for pair in known.get(name, []) if pair[0]]


def named(body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The fields of a body that name something, each with a way to put another value there."""
    found = []
    for kind in ("json", "data"):
        for name in body.get(kind, {}):
            if name in REFERENCES:
                found.append((name, lambda v, k=kind, n=name: {k: {**body[k], n: v}}))
    return found
