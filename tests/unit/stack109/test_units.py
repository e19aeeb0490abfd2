"""The systemd units: every process has one, each user reads its own secrets, nothing may write or become more."""

import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from stack109.environment import DISPATCH, HUB, REGION, Stack
from stack109.instance import Instance

ROOT = Path(__file__).parents[3]
UNITS = ROOT / "infra" / "systemd"
USERS = {
    **dict.fromkeys(DISPATCH, "dispatch109"),
    **dict.fromkeys(HUB, "hub112"),
    **dict.fromkeys(REGION, "region109"),
}
SETTINGS = {"dispatch109": "dispatch", "hub112": "hub", "region109": "region"}
MOST_EXPOSED = 1.5
CONFINED = {
    "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "", "ProtectSystem": "strict",
    "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes",
    "RestrictSUIDSGID": "yes", "RestrictNamespaces": "yes", "SystemCallArchitectures": "native", "UMask": "0077",
}  # fmt: skip


def section(path: Path) -> dict[str, str]:
    """The [Service] section; the last of several equal names counts here."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return dict(parser["Service"])


def test_every_process_of_the_stack_has_a_unit_and_no_unit_is_without_one() -> None:
    assert {path.stem for path in UNITS.glob("*.service")} == {f"109-{name}" for name in USERS}


@pytest.mark.parametrize("name", USERS)
def test_a_unit_starts_the_very_program_that_the_stack_starts(name: str) -> None:
    started = Stack(Instance(ROOT, "run")).part(name).argv[1:]
    said = section(UNITS / f"109-{name}.service")["ExecStart"].replace("\\\n", " ").split()[1:]
    assert sorted(said) == sorted(started)


@pytest.mark.parametrize(("name", "user"), USERS.items())
def test_a_service_has_a_user_and_settings_of_its_own_and_loosens_nothing(name: str, user: str) -> None:
    held = section(UNITS / f"109-{name}.service")
    assert (held["User"], held["EnvironmentFile"]) == (user, f"/etc/dispatch109/{SETTINGS[user]}.env")
    assert held.keys() - {"User", "EnvironmentFile", "ExecStart", "StateDirectory"} == set()
    assert ("StateDirectory" in held) == (name == "web"), "only photos are written"


def test_what_confines_all_of_them_is_complete() -> None:
    held = section(UNITS / "109-.service.d" / "confined.conf")
    assert {key: held.get(key) for key in CONFINED} == CONFINED
    assert "ReadWritePaths" not in held
    assert "Environment" not in held


@pytest.mark.parametrize("name", USERS)
def test_systemd_itself_understands_every_line(name: str) -> None:
    """Only that the program is not under /opt on this machine may be said."""
    if (analyze := shutil.which("systemd-analyze")) is None:
        return
    argv = [analyze, "verify", "--man=no", str(UNITS / f"109-{name}.service")]
    said = subprocess.run(argv, capture_output=True, text=True, check=False)
    lines = (said.stdout + said.stderr).splitlines()
    assert [line for line in lines if "/opt/dispatch109/.venv/bin/python is not executable" not in line] == []


@pytest.mark.parametrize("name", USERS)
def test_systemd_itself_finds_little_to_say_against_it(name: str) -> None:
    if (analyze := shutil.which("systemd-analyze")) is None:
        return  # a machine without systemd: the directives are compared above
    argv = [analyze, "security", "--offline=true", "--no-pager", str(UNITS / f"109-{name}.service")]
    said = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "Overall exposure level" in said.stdout, said
    assert float(said.stdout.rpartition(":")[2].split()[0]) <= MOST_EXPOSED, said.stdout
