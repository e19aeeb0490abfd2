"""The browser's packages: `npm ci`, then copied into the static folder by `vendor.mjs`."""

from pathlib import Path

from stack109.progress import step
from stack109.shell import Command, run
from stack109.stamps import digest, is_done, mark_done

VENDOR = Path("platform/ui109/static/vendor")


def ensure(root: Path, log: Path) -> None:
    """Fetch and copy what `package-lock.json` pins; at once when it is there already."""
    script = root / "infra" / "local" / "vendor.mjs"
    fingerprint = digest(root / "package.json", root / "package-lock.json", script)
    stamp = root / "node_modules" / "dispatch109.stamp"
    if is_done(stamp, fingerprint) and (root / VENDOR).is_dir():
        return
    stamp.unlink(missing_ok=True)
    with step("browser packages from package-lock.json"):
        run(Command("npm ci", ["npm", "ci"], log, folder=root, hint="Is the network there?"))
        run(Command("Copying browser packages", ["node", str(script)], log, folder=root))
    mark_done(stamp, fingerprint)
