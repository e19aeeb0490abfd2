"""The running stack's own secrets are looked for where they must not be: repository, logs, process list, settings."""

import os
import re
import stat
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from tests.integration.stack.command import INSTANCE, ROOT, stack

from dispatch109.settings import Settings
from hub112.settings import Settings as HubSettings
from identity109.settings import IdentitySettings
from region109.settings import Settings as RegionSettings
from stack109.instance import Instance

FOLDER = Instance(ROOT, INSTANCE).folder
SECRET = re.compile(r"[0-9a-f]{64}")
FORBIDDEN = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{40,}")


def secrets() -> set[str]:
    """Every generated password and key, and the machines' private keys by their second line."""
    found: set[str] = set()
    for path in (FOLDER / "secrets").rglob("*"):
        if path.is_file():
            text = path.read_text()
            found.update(text.splitlines()[1:2] if path.suffix == ".pem" else SECRET.findall(text))
    return found


def holders(paths: list[Path]) -> list[str]:
    """Which of these files hold one of them; the secret itself is not said."""
    known = [secret.encode() for secret in secrets()]
    contents = ((path, path.read_bytes()) for path in paths if path.is_file())
    return [str(path) for path, content in contents if any(secret in content for secret in known)]


def test_there_are_secrets_to_look_for() -> None:
    assert len(secrets()) > 40
    assert holders([FOLDER / "secrets" / "contact-key"])


def test_no_secret_and_no_private_key_is_in_the_repository() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in tracked.stdout.split("\0") if name]
    assert len(paths) > 400
    assert holders(paths) == []
    assert [str(p) for p in paths if p.is_file() and FORBIDDEN.search(p.read_text("utf-8", "ignore"))] == []


def test_no_secret_is_in_a_log() -> None:
    logs = [path for path in (FOLDER / "log").iterdir() if path.suffix == ".log"]
    assert len(logs) > 8
    assert holders(logs) == []


def test_no_secret_is_in_the_process_list() -> None:
    words = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(ROOT).encode() in seen(path)]
    assert len(words) > 8, "the parts of this stack are in the list"
    known = [secret.encode() for secret in secrets()]
    everything = [seen(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert [words for words in everything if any(secret in words for secret in known)] == []


def test_no_secret_is_in_the_environment_of_a_process_that_another_user_can_read() -> None:
    """The parts of our own get theirs there: the kernel lets nobody but their user read it. PostgreSQL runs as a user
    of its own when root starts the stack, and must have been given none."""
    ours = [path.parent for path in Path("/proc").glob("[0-9]*/cmdline") if str(ROOT).encode() in seen(path)]
    known, looked_at = [secret.encode() for secret in secrets()], 0
    for path in [process / "environ" for process in ours]:
        with suppress(FileNotFoundError):  # it has just ended
            held = path.stat()
            looked_at += 1
            assert stat.S_IMODE(held.st_mode) == 0o400, path
            if held.st_uid != os.getuid():
                assert not any(secret in seen(path) for secret in known), path
    assert looked_at > 8


def seen(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has just ended
        return b""


@pytest.mark.parametrize("service", ["dispatch", "hub", "region"])
def test_settings_of_a_server_hold_no_secret_nor_what_is_another_services_or_the_demos(service: str) -> None:
    printed = stack("env", "--for", service).stdout
    assert SECRET.search(printed) is None
    assert os.environ["DEMO_PASSWORD"] not in printed
    assert "demo" not in printed
    assert "OWNER_DSN" not in printed
    assert "POSTGRES_DSN" not in printed
    for line in printed.splitlines():
        name, value = line.split("=", 1)
        if name.endswith("_FILE") or name == "NATS_CREDENTIALS":
            assert Path(value).stat().st_mode & 0o077 == 0, name
    others = {"DISPATCH_APP", "HUB_APP", "REGION_APP"} - {f"{service.upper()}_APP"}
    assert not [other for other in others if other in printed]


def test_a_service_starts_from_these_settings_with_the_same_values() -> None:
    for service, kind, prefix in (
        ("dispatch", Settings, "DISPATCH"),
        ("hub", HubSettings, "HUB"),
        ("region", RegionSettings, "REGION"),
    ):
        printed = dict(line.split("=", 1) for line in stack("env", "--for", service).stdout.splitlines())
        told = kind.from_environment(printed)  # type: ignore[attr-defined]
        usual = kind.from_environment(os.environ)  # type: ignore[attr-defined]
        assert (told.app_dsn, told.relay_dsn) == (usual.app_dsn, usual.relay_dsn)
        identity = IdentitySettings.from_environment(printed, prefix)  # type: ignore[arg-type]
        assert identity.client_secret == IdentitySettings.from_environment(os.environ, prefix).client_secret  # type: ignore[arg-type]
