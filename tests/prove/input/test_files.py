"""Hostile files through the uploads: what is no picture is refused whole, and of a picture only the pixels stay."""

from pathlib import Path

from tests import makers
from tests.prove import figures
from tests.prove.ground.world import Side, World
from tests.prove.input.hostile import SCRIPT, polyglots, refused_files


async def working(world: World, side: Side) -> tuple[str, int]:
    """A ticket on which somebody of the service works now, and its version."""
    executor, operator = side.callers["executor"], side.callers["operator"]
    base = f"{world.served.web}/api/v1/t/{side.slug}/tickets"
    said = {"phone": "+77051234567", "category": "other", "text": "фото", "address": "Орталық 1"}
    made = await world.http.post(base, json=said, headers=operator.headers("/api/", "POST"))
    ticket = made.raise_for_status().json()
    for verb in ("accept", "start"):
        answer = await world.http.post(
            f"{base}/{ticket['id']}/{verb}", json={"version": ticket["version"]},
            headers=executor.headers("/api/", "POST"),
        )  # fmt: skip
        ticket = answer.raise_for_status().json()
    return ticket["id"], ticket["version"]


def stored(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"}


async def test_what_is_no_picture_is_refused_and_nothing_of_it_is_kept(dispatch: World) -> None:
    side = next(iter(dispatch.sides.values()))
    executor, (ticket, version) = side.callers["executor"], await working(dispatch, side)
    before, files = await dispatch.fingerprint(side), stored(dispatch.served.folder)
    api = f"/api/v1/t/{side.slug}/tickets/{ticket}/photos"
    page = f"/t/{side.slug}/r/{ticket}/done"
    tried = 0
    for name, content in refused_files().items():
        for path in (api, page) if content else (api,):  # a browser sends an empty part for no file
            answer = await dispatch.http.post(
                dispatch.served.web + path, data={"version": str(version)} if path == page else {},
                files={"photo": ("a.jpg", content, "image/jpeg")}, headers=executor.headers(path, "POST"),
            )  # fmt: skip
            assert answer.status_code in {400, 413, 422}, (name, path, answer.status_code, answer.text[:300])
            assert await dispatch.fingerprint(side) == before, (name, path)
            assert stored(dispatch.served.folder) == files, (name, path)
            tried += 1
    figures.say("input.files_refused", tried, "uploads")


async def test_of_a_picture_that_is_something_else_as_well_only_the_picture_stays(dispatch: World) -> None:
    side = next(iter(dispatch.sides.values()))
    executor, (ticket, _) = side.callers["executor"], await working(dispatch, side)
    path = f"/api/v1/t/{side.slug}/tickets/{ticket}/photos"
    for name, content in {**polyglots(), "a picture": makers.photo()}.items():
        for media in ("image/jpeg", "text/html", "image/svg+xml"):
            answer = await dispatch.http.post(
                dispatch.served.web + path, files={"photo": ("../../x.html", content, media)},
                headers=executor.headers(path, "POST"),
            )  # fmt: skip
            assert answer.status_code in {201, 409, 422}, (name, answer.status_code, answer.text[:300])
            if answer.status_code != 201:
                continue
            shown = f"/api/v1/t/{side.slug}/photos/{answer.json()['id']}"
            got = await dispatch.http.get(dispatch.served.web + shown, headers=executor.headers(shown, "GET"))
            assert got.headers["content-type"] in {"image/jpeg", "image/png", "image/webp"}
            assert got.headers["x-content-type-options"] == "nosniff"
            assert SCRIPT.encode() not in got.content, name
    everything = b"".join(path.read_bytes() for path in stored(dispatch.served.folder))
    assert SCRIPT.encode() not in everything
    assert b"<?php" not in everything
    figures.say("input.polyglots", 3 * (len(polyglots()) + 1), "uploads")
