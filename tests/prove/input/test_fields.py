"""Hostile text through every field of every body, and through every filter: no fault of ours, nothing half stored."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import httpx
import pytest
from tests.prove import figures
from tests.prove.ground.people import Caller
from tests.prove.ground.routes import Route, routes
from tests.prove.ground.world import Side, World
from tests.prove.input.hostile import TERMS, TEXTS
from tests.prove.size import dice, sized

from chassis109.store.migrate import SERVICES
from identity109.permissions import SIGNED_IN, granted

MOST_SECONDS = 20
"""For one answer on a busy machine; a regular expression that explodes takes minutes."""


async def ask(world: World, route: Route, by: Caller, path: str, **more: Any) -> httpx.Response:
    """One request of somebody who may. It is answered, also when it is refused before it was read to its end."""
    headers = {**by.headers(path, route.method), **more.pop("headers", {})}
    begun = time.monotonic()
    answer = await world.http.request(route.method, world.served.web + path, headers=headers, **more)
    assert time.monotonic() - begun < MOST_SECONDS, (route.path, more)
    return answer


def with_text(body: dict[str, Any], field: str, text: str) -> dict[str, Any] | None:
    """The body with this text in one field; None where it cannot be written there."""
    if "json" in body:
        try:
            text.encode()
        except UnicodeEncodeError:
            written = json.dumps({**body["json"], field: text})
            return {"content": written, "headers": {"Content-Type": "application/json"}}
        return {"json": {**body["json"], field: text}}
    try:
        return {"data": {**body["data"], field: text}} if text.encode() else None
    except UnicodeEncodeError:
        return None


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tables in which something is not as it was."""
    return sorted(name for name in after if after[name] != before[name])


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_no_text_in_any_field_breaks_anything(attacked: World) -> None:
    side, lot, statuses = next(iter(attacked.sides.values())), dice("input.fields"), Counter[int]()
    fields, halves = 0, list[str]()
    before: Mapping[str, str] = {}
    for route in routes(attacked.service):
        body = route.request()
        if not {"json", "data"} & body.keys():
            continue
        by = person_for(side, route, lot)
        for field in [name for kind in ("json", "data") for name in body.get(kind, {})]:
            fields += 1
            for name in lot.sample(sorted(TEXTS), sized(2, len(TEXTS))):
                said = with_text(body, field, TEXTS[name])
                if said is None:
                    continue
                before = before or await attacked.fingerprint(side)
                answer = await ask(
                    attacked, route, by, route.address(await attacked.values(route, side)), **said
                )
                statuses[answer.status_code] += 1
                assert answer.status_code < 500, (route.method, route.path, field, name, answer.text[:500])
                if answer.status_code < 400:
                    before = {}
                    continue
                after = await attacked.fingerprint(side)
                if changed := differing(before, after):
                    halves.append(f"{route.method} {route.path} {field}: {name}: {changed}")
                before = after
    figures.say(f"input.{attacked.service.name}.fields", fields, "fields")
    figures.say(
        f"input.{attacked.service.name}.texts", statuses.total(), f"calls, {dict(sorted(statuses.items()))}"
    )
    assert halves == []


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("attacked", SERVICES, indirect=True)
async def test_no_filter_and_no_search_breaks_or_explodes(attacked: World) -> None:
    side, lot, calls, slowest = next(iter(attacked.sides.values())), dice("input.search"), 0, 0.0
    for route in routes(attacked.service):
        if route.method != "GET" or route.process == "live":
            continue
        by, path = person_for(side, route, lot), route.address(await attacked.values(route, side))
        for name in {*route.query, "q", "view", "state", "lang"}:
            for term in lot.sample(TERMS, sized(1, len(TERMS))):
                begun = time.monotonic()
                answer = await ask(attacked, route, by, path, params={name: term})
                calls, slowest = calls + 1, max(slowest, time.monotonic() - begun)
                assert answer.status_code < 500, (route.path, name, term[:40], answer.text[:300])
    figures.say(f"input.{attacked.service.name}.searches", calls, "calls")
    figures.say(f"input.{attacked.service.name}.slowest", slowest, "s", f"value <= {MOST_SECONDS}")


def person_for(side: Side, route: Route, lot: Random) -> Caller:
    """Somebody who may, so that the text reaches the verb."""
    fit = [
        caller for role, caller in side.callers.items()
        if route.permission is SIGNED_IN or route.permission in granted(frozenset({role}))
    ]  # fmt: skip
    fit = [caller for caller in fit if caller.bearer and (route.is_api or caller.cookie)]
    return lot.choice(fit) if fit and route.service.name != "region" else side.inside
