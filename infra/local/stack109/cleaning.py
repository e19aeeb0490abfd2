"""Throwing data away: one instance before a test run, or everything on request."""

import contextlib
import shutil
from pathlib import Path

from stack109 import detached
from stack109.instance import Instance, remembered
from stack109.progress import say

SHARED = ("dist", "bench", "prove", "backup")


def wipe(instance: Instance) -> None:
    """Remove all data, logs and secrets of an instance that does not run; its lock file stays."""
    for path in instance.folder.glob("*") if instance.folder.exists() else ():
        if path.name != "lock":
            _remove(path)
    drop_cluster(instance)


def drop_cluster(instance: Instance) -> None:
    """Remove what an instance that does not run keeps outside the checkout, and the link to it."""
    shutil.rmtree(instance.outside, ignore_errors=True)
    with contextlib.suppress(OSError):  # other instances may have their clusters there
        instance.outside.parent.rmdir()
    link = instance.folder / "postgres"
    if link.is_symlink():
        link.unlink()


def clean(root: Path, *, everything: bool, confirmed: bool) -> bool:
    """Ask, end what runs, remove it; `everything` takes downloads, `.venv` and `node_modules` too."""
    local = root / ".local"
    what = f"all data under {local}" + (", .venv and node_modules" if everything else "")
    if not confirmed and input(f"Remove {what}? Type yes: ").strip() != "yes":
        say("Nothing was removed.")
        return False
    for name in names(local):
        instance = remembered(root, name)
        detached.end(instance)
        wipe(instance)
        shutil.rmtree(instance.folder)
        say(f"  removed {instance.folder}")
    if everything:
        for path in (local, root / ".venv", root / "node_modules"):
            shutil.rmtree(path, ignore_errors=True)
    return True


def names(local: Path) -> list[str]:
    """The instances that have a folder."""
    folders = sorted(local.iterdir()) if local.exists() else []
    return [folder.name for folder in folders if folder.is_dir() and folder.name not in SHARED]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
