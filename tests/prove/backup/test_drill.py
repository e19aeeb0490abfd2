"""The drill: calls come in while a backup is made; all is restored to a later moment beside the running stack."""

import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio
from tests import makers
from tests.acceptance.api import WATER, Api
from tests.acceptance.parts import Parts
from tests.acceptance.waiting import until
from tests.prove import figures
from tests.prove.backup import second
from tests.prove.backup.acknowledged import Calls, calling
from tests.prove.ours import OURS
from tests.prove.size import FULL

from chassis109.kernel import clock
from chassis109.store import migrate
from chassis109.store.migrate import SERVICES as DATABASES
from stack109 import cleaning, detached
from stack109.backup_folder import BackupFolder
from stack109.instance import Instance, remembered

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(2400),
    pytest.mark.skipif(not FULL, reason="a second stack takes minutes: make prove ONLY=backup"),
]  # fmt: skip
HOME = "/t/petropavl"
DELIVERED_SECONDS = 120.0


@dataclass
class Drill:
    """What was said before and after the moment, and the stack that stands at it."""

    calls: Calls
    moment: datetime
    folder: BackupFolder
    photos: dict[str, str]
    restored: Instance
    variables: dict[str, str]

    async def rows(self, database: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """A look into a restored database, past all policies."""
        address = self.variables["POSTGRES_DSN"].rpartition("/")[0]
        superuser = await asyncpg.connect(f"{address}/{database}")
        try:
            return list(await superuser.fetch(sql, *arguments))
        finally:
            await superuser.close()


async def a_photo(api: Api, environment: dict[str, str]) -> str:
    """The id of a photo of a ticket that is being worked."""
    made = await api.ticket()
    for verb in ("accept", "start"):
        made = await api.move("executor.petropavl", "petropavl", made, verb)
    bearer = {"Authorization": f"Bearer {await api.token('executor.petropavl')}"}
    address = f"{environment['DISPATCH_URL']}/api/v1{HOME}/tickets/{made['id']}/photos"
    async with httpx.AsyncClient(timeout=30) as client:
        sent = await client.post(address, headers=bearer, files={"photo": ("p.jpg", makers.photo())})
    return str(sent.raise_for_status().json()["id"])


async def to_the_moment(
    folder: BackupFolder, api: Api, environment: dict[str, str]
) -> tuple[Calls, datetime, dict[str, str]]:
    """Backup, calls that the hub works, calls that it has not worked at the moment, calls after it."""
    parts = Parts(second.FIRST)
    async with calling(api) as calls:
        await calls.more()
        photos = {"before the copy": await a_photo(api, environment)}
        begun = time.monotonic()
        await second.must("backup", "--to", str(folder.path), instance=second.FIRST)
        figures.say("backup.copied", time.monotonic() - begun, "s")
        figures.say("backup.copy", megabytes(folder.bases_folder), "MB")
        photos["after the copy"] = await a_photo(api, environment)
        await calls.more()
        await parts.stop("hub-worker")
        await parts.stop("region-worker")
        await calls.more()
        moment = clock.now()
        for name in ("hub-worker", "region-worker"):
            await parts.start(name)
        await calls.more()
        photos["after the moment"] = await a_photo(api, environment)
    ended, begun = clock.now(), time.monotonic()

    async def is_behind() -> bool:
        return (folder.reaches() or moment) < ended

    await until(is_behind, wanted=False, seconds=60)
    figures.say("backup.log_behind", time.monotonic() - begun, "s", "value <= 60")
    figures.say("backup.log", megabytes(folder.wal), "MB")
    return calls, moment, photos


def megabytes(place: Path) -> float:
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) / 1e6


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def drill(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> AsyncIterator[Drill]:
    """The whole of it, once; afterwards both are as before."""
    folder = BackupFolder(tmp_path_factory.mktemp("backup") / "folder")
    place, api = second.place(), Api(environment)
    await end(place)
    try:
        calls, moment, photos = await to_the_moment(folder, api, environment)
        begun = time.monotonic()
        words = ("restore", "--from", str(folder.path), "--at", moment.isoformat())
        await second.must(*words, instance=place.name, base=place.base)
        figures.say("backup.restored", time.monotonic() - begun, "s")
        await second.must("up", instance=place.name, base=place.base)
        figures.say("backup.serves_again", time.monotonic() - begun, "s", "value <= 900")
        running = remembered(second.ROOT, place.name)
        yield Drill(calls, moment, folder, photos, running, dict(second.variables(running)))
    finally:
        await api.close()
        await stop_archiving()
        await end(place)


async def end(place: Instance) -> None:
    detached.end(place)
    cleaning.wipe(place)


async def stop_archiving() -> None:
    with suppress(AssertionError):  # it never began
        await Parts(second.FIRST).stop("archive")
    (remembered(second.ROOT, second.FIRST).folder / "backup-folder").unlink(missing_ok=True)


@pytest_asyncio.fixture(loop_scope="session")
async def there(drill: Drill) -> AsyncIterator[Api]:
    """The restored 109, spoken to by people who sign in there."""
    speaking = Api(drill.variables)
    yield speaking
    await speaking.close()


async def test_what_was_acknowledged_before_the_moment_is_there_and_what_came_later_is_not(
    drill: Drill, there: Api
) -> None:
    counted = 0
    for kind, path in (("ticket", "tickets"), ("emergency", "emergencies")):
        before, after = drill.calls.before(drill.moment, kind), drill.calls.after(drill.moment, kind)
        assert before
        assert after
        for call in before | after:
            answer = await there.send("operator.petropavl", "GET", f"{HOME}/{path}/{call}")
            assert answer.status_code == (200 if call in before else 404), call
        counted += len(before)
    figures.say("backup.acknowledged", counted, "calls came back, none is missing")


async def test_people_sign_in_and_read_the_phone_number_that_only_the_keys_open(
    drill: Drill, there: Api
) -> None:
    known = min(drill.calls.before(drill.moment, "ticket"))
    told = await there.get("operator.petropavl", f"{HOME}/tickets/{known}/applicant")
    assert (told["name"], told["phone"]) == (WATER["applicant"], WATER["phone"])


async def test_photos_open_also_those_that_came_after_the_copy(drill: Drill, there: Api) -> None:
    statuses = {
        name: (await there.send("executor.petropavl", "GET", f"{HOME}/photos/{photo}")).status_code
        for name, photo in drill.photos.items()
    }
    assert statuses == {"before the copy": 200, "after the copy": 200, "after the moment": 404}


async def test_marks_policies_and_roles_are_as_they_were(drill: Drill) -> None:
    for database in DATABASES:
        dsn = drill.variables[f"{database.upper()}_OWNER_DSN"]
        owner = await asyncpg.connect(dsn)
        try:
            assert await migrate.lint(owner) == []
        finally:
            await owner.close()
    (marks,) = await drill.rows(
        "dispatch",
        "SELECT bool_and(proleakproof) FROM pg_proc WHERE proname IN ('geometry_overlaps', 'texticlike')",
    )
    assert marks["bool_and"]


async def test_the_audit_chain_of_every_tenant_is_unbroken_and_goes_on(drill: Drill, there: Api) -> None:
    await there.ticket()
    walked = second.audit(drill.restored)
    assert (walked.returncode, walked.stdout) == (0, "unbroken\n"), walked


async def test_every_handoff_reaches_its_desk_once_also_those_that_were_on_their_way(drill: Drill) -> None:
    rows = await drill.rows(
        "dispatch", "SELECT id::text FROM dispatch.handoff WHERE incident_id = ANY($1::text[]::uuid[])",
        sorted(drill.calls.before(drill.moment, "emergency")),
    )  # fmt: skip
    wanted = sorted(row["id"] for row in rows)
    assert wanted

    async def arrived() -> list[str]:
        sql = """SELECT handoff_id::text AS id FROM hub.event
                 WHERE event = 'dispatch' AND handoff_id = ANY($1::text[]::uuid[]) ORDER BY 1"""
        return [row["id"] for row in await drill.rows("hub", sql, wanted)]

    await until(arrived, wanted, DELIVERED_SECONDS)
    (put_aside,) = await drill.rows(
        "hub", "SELECT count(*) FROM chassis.quarantine WHERE at > $1", drill.moment
    )
    assert put_aside["count"] == 0


async def test_the_region_learns_what_it_had_not_heard(drill: Drill) -> None:
    wanted = drill.calls.before(drill.moment, "ticket")

    async def unknown() -> set[str]:
        rows = await drill.rows("region", "SELECT id::text FROM region.ticket")
        return wanted - {row["id"] for row in rows}

    await until(unknown, set(), DELIVERED_SECONDS)


async def test_outboxes_run_empty(drill: Drill) -> None:
    async def waiting() -> list[int]:
        sql = f"""SELECT count(*) FROM chassis.outbox
                  WHERE published_at IS NULL AND recorded_at < now() - interval '10 seconds' AND {OURS}"""
        return [(await drill.rows(database, sql))[0]["count"] for database in DATABASES]

    await until(waiting, [0, 0, 0], DELIVERED_SECONDS)


async def test_a_log_that_ends_too_early_is_refused_in_one_sentence_and_leaves_nothing_to_start(
    drill: Drill, tmp_path: Path
) -> None:
    """What no look at the pieces finds: the last of them was damaged inside, so that less can be replayed than was
    noted."""
    harmed, nowhere = BackupFolder(tmp_path / "harmed"), replace(second.place(), name="nowhere")
    moving = shutil.ignore_patterns("*.partial", ".*")  # the log goes on
    shutil.copytree(drill.folder.path, harmed.path, copy_function=os.link, ignore=moving)
    (harmed.path / "beat.json").unlink()
    harmed.beat(clock.now() + timedelta(hours=1))
    moment = (clock.now() + timedelta(minutes=30)).isoformat()
    for words in (("--at", moment), ()):
        code, said = await second.command(
            "restore", "--from", str(harmed.path), *words, instance=nowhere.name, base=nowhere.base
        )
        assert code == 1
        assert "The write-ahead log of this backup is damaged before" in said.strip().splitlines()[-1], said
        assert not [name for name in ("postgres", "nats", "secrets") if (nowhere.folder / name).exists()]
    cleaning.wipe(nowhere)
