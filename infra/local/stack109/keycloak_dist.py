"""The Keycloak distribution: fetched by Maven, its checksum compared, built once for all instances."""

import hashlib
import os
import shutil
from pathlib import Path

from stack109 import java
from stack109.failure import StackFailure
from stack109.progress import step
from stack109.shell import Command, run
from stack109.stamps import digest, is_done, mark_done

VERSION = "26.7.3"
SHA256 = "77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:tar.gz"
BUILD = ("--db=postgres", "--health-enabled=true", "--metrics-enabled=true")


def ensure(dist: Path, log: Path) -> None:
    """Make `dist/keycloak` a built server of exactly our version."""
    home = dist / "keycloak"
    stamp = home / "dispatch109.stamp"
    fingerprint = digest(SHA256, *BUILD)
    if is_done(stamp, fingerprint):
        return
    archive = _fetch(log)
    shutil.rmtree(home, ignore_errors=True)
    with step(f"Keycloak {VERSION} unpacked and built"):
        fresh = dist / "keycloak.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        run(
            Command(
                "Unpacking Keycloak",
                ["tar", "-xzf", str(archive), "-C", str(fresh), "--strip-components=1"],
                log,
            )
        )
        build = [str(fresh / "bin" / "kc.sh"), "build", *BUILD]
        run(Command("Building Keycloak", build, log, {"JAVA": str(java.require())}))
        fresh.rename(home)
    mark_done(stamp, fingerprint)


def _fetch(log: Path) -> Path:
    """The archive in Maven's local repository, where other checkouts find it too."""
    repository = Path(os.environ.get("DISPATCH109_MAVEN", Path.home() / ".m2" / "repository"))
    folder = repository / "org/keycloak/keycloak-quarkus-dist" / VERSION
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.tar.gz"
    if not archive.exists():
        with step(f"Keycloak {VERSION} fetched by Maven (176 MB)"):
            get = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"]
            get.append(f"-Dmaven.repo.local={repository}")
            run(Command(f"Fetching Keycloak {VERSION}", get, log, hint="Is the network there?"))
    check(archive, SHA256)
    return archive


def check(archive: Path, expected: str) -> None:
    """Refuse a file that is not the pinned one, and delete it so that the next start fetches anew."""
    if not archive.exists():
        raise StackFailure(f"Maven said it fetched Keycloak, but {archive} is not there.")
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        shutil.rmtree(archive.parent)
        raise StackFailure(
            f"The download {archive.name} is corrupt (SHA-256 {found[:12]}…, pinned {expected[:12]}…); "
            "it was deleted, the next start fetches it again."
        )
