"""A real process under what its unit promises: no capability, no way to get one, a file system it cannot write."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests import makers
from tests.acceptance.api import Api
from tests.integration.stack.command import ROOT, stack

from stack109.backup_folder import copy_new

READY_SECONDS = 120.0
NOBODY = pwd.getpwnam("nobody")
PYTHON = ROOT / ".venv" / "bin" / "python"
UNCHAINED = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
CLOSED = """
mount --bind "$FILES" "$FILES" && mount --bind "$ROOT" "$ROOT" && mount -o remount,bind,ro "$ROOT" || exit 71
mount -o remount,bind,ro / && cd "$ROOT" || exit 71
if touch "$ROOT/written" /etc/written 2>/dev/null; then exit 72; fi
exec "$@"
"""


def as_nobody() -> list[str]:
    """Another user when root runs the tests and that user may reach the program; else the caller without anything."""
    if os.geteuid():
        return []
    other = [f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
    argv = ["setpriv", *other, str(PYTHON), "-c", "import dispatch109.app"]
    return other if subprocess.run(argv, capture_output=True, check=False).returncode == 0 else []


def namespaces() -> list[str]:
    """How this machine lets the caller have a view of the file system of its own; empty when it does not."""
    for argv in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        if subprocess.run([*argv, "true"], capture_output=True, check=False).returncode == 0:
            return argv
    return []


@pytest.fixture(scope="module")
def settings(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """What `make env FOR=dispatch` says, with files and photos where the confined user reaches them."""
    printed = dict(line.split("=", 1) for line in stack("env", "--for", "dispatch").stdout.splitlines())
    place = Path(tempfile.mkdtemp(dir="/var/tmp"))
    owner = (NOBODY.pw_uid, NOBODY.pw_gid) if as_nobody() else (os.geteuid(), os.getegid())
    (place / "photos").mkdir(mode=0o700)
    for name, value in printed.items():
        if name.endswith("_FILE") or name == "NATS_CREDENTIALS":
            printed[name] = shutil.copy(value, place / name)
    for path in (place, *place.iterdir()):
        os.chown(path, *owner)
    printed["DISPATCH_API_CLIENTS"] += (
        f",{os.environ['DEMO_CLIENT']}"  # the person of this test; no server lets it in
    )
    yield {**printed, "DISPATCH_FILES": str(place / "photos")}
    copy_new(place / "photos", Path(environment["DISPATCH_FILES"]))  # the rows stay, and so must their files
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def confined(settings: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The web process of its own, confined: its id and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    granian = [str(PYTHON), "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1"]
    argv = ["setpriv", *as_nobody(), *UNCHAINED, *granian, "--port", str(port), "dispatch109.app:create_app"]
    if view := namespaces():
        argv = [*view, "sh", "-c", CLOSED, "sh", *argv]
    system = {
        "PATH": os.environ["PATH"],
        "ROOT": str(ROOT),
        "FILES": settings["DISPATCH_FILES"],
        "HOME": "/nonexistent",
    }
    process = subprocess.Popen(argv, cwd=ROOT, env={**system, **settings, "PYTHONDONTWRITEBYTECODE": "1"})
    address, limit = f"http://127.0.0.1:{port}", time.monotonic() + READY_SECONDS
    while not answers(address):
        assert process.poll() is None, f"it ended with code {process.returncode}"
        assert time.monotonic() < limit, "it was not ready"
        time.sleep(0.2)
    yield process.pid, address
    process.terminate()
    process.wait()


def answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/readyz", timeout=5).is_success
    return False


def test_it_has_no_capability_and_cannot_get_one(confined: tuple[int, str]) -> None:
    pid, _ = confined
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert children, "granian's worker"
    for process in (str(pid), *children):
        held = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        assert {held[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
        assert held["NoNewPrivs"] == "1"


def test_it_writes_photos_and_nothing_else(confined: tuple[int, str]) -> None:
    """A successful write into the checkout would have ended it with code 72 at its start."""
    pid, _ = confined
    if namespaces():
        mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
        for place in ("/", str(ROOT)):
            assert "ro" in [fields[5] for fields in mounts if fields[4] == place][-1].split(",")


async def test_it_does_its_work_all_the_same(confined: tuple[int, str], environment: dict[str, str]) -> None:
    _, address = confined
    api = Api({**environment, "DISPATCH_URL": address})
    try:
        ticket = await api.ticket()
        for verb in ("accept", "start"):
            ticket = await api.move("executor.petropavl", "petropavl", ticket, verb)
        bearer = {"Authorization": f"Bearer {await api.token('executor.petropavl')}"}
        async with httpx.AsyncClient(base_url=address, timeout=30) as client:
            path = f"/api/v1/t/petropavl/tickets/{ticket['id']}/photos"
            sent = await client.post(path, headers=bearer, files={"photo": ("p.jpg", makers.photo())})
            assert sent.status_code == 201, sent.text
            seen = await client.get(f"/api/v1/t/petropavl/photos/{sent.json()['id']}", headers=bearer)
        assert seen.headers["content-type"] == "image/jpeg"
    finally:
        await api.close()
