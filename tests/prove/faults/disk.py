"""A disk of one's own under PostgreSQL and the broker: it can be full, and it can lose power.

An ext4 in a file, mounted through a loop device. The data are copied onto it while both parts stand still, and links
lead there; at the end they are copied back. Needs root.

Power is cut by the file system's own shutdown (`EXT4_IOC_SHUTDOWN` without a flush of its journal, as xfstests do it):
from that moment nothing more reaches the disk, and what lay in memory only is lost, as on a machine that goes dark.
"""

import asyncio
import fcntl
import os
import shutil
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

PartVerb = Callable[[str, str], Awaitable[object]]
PLACE = Path("/var/tmp")  # noqa: S108 - a folder of a name of our own in it, and on a real disk
PREFIX = "dispatch109-disk-"
STORES = ("postgres", "nats")
UNMOUNT_SECONDS = 30
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, 2


def possible() -> bool:
    """Whether this machine lets us mount a file."""
    return os.geteuid() == 0 and Path("/dev/loop-control").exists() and shutil.which("mkfs.ext4") is not None


class Disk:
    """An image and where it is mounted; the process that made it stands in the name."""

    def __init__(self, megabytes: int) -> None:
        forget_leftovers()
        self._folder = PLACE / f"{PREFIX}{os.getpid()}"
        self._image, self.root = self._folder / "image", self._folder / "mounted"
        self.root.mkdir(parents=True)
        with self._image.open("wb") as image:
            image.truncate(megabytes * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-m", "0", "-F", str(self._image))
        self._mount()

    def cut_power(self) -> None:
        """Nothing more reaches the disk."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def boot(self) -> None:
        """The disk as it is found when the power is back: its journal is replayed. Nobody may be looking at it."""
        limit = time.monotonic() + UNMOUNT_SECONDS
        while subprocess.run(["umount", self.root], check=False, capture_output=True).returncode:
            if time.monotonic() > limit:
                raise TimeoutError(f"{self.root} is still in use")
            time.sleep(0.2)
        self._mount()

    def fill(self) -> None:
        """Not a byte is left."""
        left = os.statvfs(self.root)
        with (self.root / "ballast").open("wb") as ballast, suppress(OSError):
            os.posix_fallocate(ballast.fileno(), 0, left.f_bavail * left.f_frsize)
        with (self.root / "ballast.rest").open("wb", buffering=0) as rest, suppress(OSError):
            while True:
                rest.write(bytes(4096))

    def free(self) -> None:
        """There is room again."""
        for name in ("ballast", "ballast.rest"):
            (self.root / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Away with it, whoever still looks."""
        _forget(self._folder)

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.root))
        self.root.chmod(0o755)


@asynccontextmanager
async def own_disk(instance: Path, megabytes: int, part: PartVerb) -> AsyncIterator[Disk]:
    """Both parts of an instance on a disk of their own; afterwards they stand where they stood, with all they wrote."""
    disk = await asyncio.to_thread(Disk, megabytes)
    stores = {name: (instance / name).resolve() for name in STORES}
    await _all(part, "stop")
    try:
        await asyncio.to_thread(_move_in, disk, stores)
        await _all(part, "start")
        yield disk
    finally:
        await asyncio.to_thread(disk.free)
        await _all(part, "stop")
        await asyncio.to_thread(_move_out, disk, stores)
        await _all(part, "start")


def forget_leftovers() -> None:
    """Disks of suites that were killed themselves."""
    for folder in PLACE.glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(PREFIX)).exists():
            _forget(folder)


def _move_in(disk: Disk, stores: dict[str, Path]) -> None:
    for name, store in stores.items():
        _run("cp", "-a", str(store), str(disk.root / name))
        store.rename(_aside(store))
        store.symlink_to(disk.root / name)
    os.sync()


def _move_out(disk: Disk, stores: dict[str, Path]) -> None:
    for name, store in stores.items():
        if _aside(store).exists():
            store.unlink(missing_ok=True)
            shutil.rmtree(_aside(store))
            _run("cp", "-a", str(disk.root / name), str(store))
    disk.remove()


def _aside(store: Path) -> Path:
    return store.with_name(f"{store.name}.aside")


async def _all(part: PartVerb, verb: str) -> None:
    await asyncio.gather(*(part(verb, name) for name in STORES))


def _forget(folder: Path) -> None:
    while os.path.ismount(folder / "mounted"):
        _run("umount", "-l", str(folder / "mounted"))
    shutil.rmtree(folder, ignore_errors=True)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)
