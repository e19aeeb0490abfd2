"""The commands, against the very stack this test run stands on."""

import base64
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.stack.command import ROOT, stack

from stack109.environment import DISPATCH, HUB, REGION

PATIENCE_SECONDS = 90.0


def lines_of_status() -> dict[str, list[str]]:
    return {line.split()[0]: line.split() for line in stack("status").stdout.splitlines()[1:]}


def wait_until_all_are_healthy() -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while stack("status").returncode:
        assert time.monotonic() < limit, stack("status").stdout
        time.sleep(0.5)


def test_status_names_every_part_with_its_process_port_memory_and_log() -> None:
    wait_until_all_are_healthy()
    for name, (_, state, pid, port, memory, unit, log) in lines_of_status().items():
        if name != "supervisor":
            assert (state, unit) == ("healthy", "MB")
            assert int(pid) > 0
            assert port == "-" or int(port) > 1024
            assert int(memory) > 1
            assert Path(log).is_file()


def test_env_prints_what_the_tests_were_given() -> None:
    printed = dict(line.split("=", 1) for line in stack("env").stdout.splitlines())
    assert printed["DISPATCH_APP_DSN"] == os.environ["DISPATCH_APP_DSN"]
    assert {
        "DISPATCH_URL",
        "KEYCLOAK_URL",
        "NATS_URL",
        "NATS_MONITOR_URL",
        "PGHOST",
        "PGPORT",
    } <= printed.keys()


def test_a_token_of_a_demo_person_opens_the_interface_of_that_persons_tenant() -> None:
    token = stack("token", "operator.petropavl").stdout.strip()
    answer = httpx.get(
        f"{os.environ['DISPATCH_URL']}/api/v1/t/petropavl/tickets",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200


def test_a_token_of_the_command_centre_opens_the_region_and_there_is_no_such_place_at_a_tenant() -> None:
    bearer = {"Authorization": f"Bearer {stack('token', 'region.command').stdout.strip()}"}
    for url, path, status in (
        (os.environ["REGION_URL"], "/api/v1/me", 200),
        (os.environ["DISPATCH_URL"], "/api/v1/t/petropavl/tickets", 404),
    ):
        assert httpx.get(f"{url}{path}", headers=bearer).status_code == status, url


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("operator.103@hub", ["/services/103/hub-operator"]),
        ("service-103", ["/services/103/machine"]),
    ],
)
def test_a_token_for_the_hub_names_the_desk_and_the_role(name: str, groups: list[str]) -> None:
    said = claims(stack("token", name).stdout)
    assert (said["aud"], said["groups"]) == ("hub-api", groups)
    assert said["iss"].endswith("/realms/sko-112")


def test_a_machine_that_does_not_exist_gets_a_sentence() -> None:
    refused = stack("token", "service-999")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no machine 'service-999'" in refused.stderr


def test_a_token_for_nobody_is_refused_with_a_sentence() -> None:
    refused = stack("token", "nobody.petropavl")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no token for 'nobody.petropavl'" in refused.stderr


def test_a_second_start_says_that_the_stack_is_running_already() -> None:
    refused = stack("supervise")
    assert refused.returncode == 1
    assert "running already" in refused.stderr


def test_a_stack_on_taken_ports_is_refused_naming_port_and_holder() -> None:
    base = int(os.environ["PGPORT"]) - 32
    refused = stack("supervise", "--base", instance="refused", DISPATCH109_PORT_BASE=str(base))
    assert refused.returncode == 1
    assert "is already in use by" in refused.stderr
    assert "(pid " in refused.stderr
    shutil.rmtree(ROOT / ".local" / "refused")


def test_a_part_that_dies_is_started_again() -> None:
    before = lines_of_status()["nats"][2]
    assert stack("part", "kill", "nats").returncode == 0
    wait_until_all_are_healthy()
    assert lines_of_status()["nats"][2] != before


def test_a_part_that_was_stopped_stays_stopped_and_status_says_so() -> None:
    assert stack("part", "stop", "nats").returncode == 0
    try:
        time.sleep(1)
        assert lines_of_status()["nats"][1] == "stopped"
        assert stack("status").returncode == 1
    finally:
        assert stack("part", "start", "nats").returncode == 0
    wait_until_all_are_healthy()


def test_everything_serves_again_after_postgresql_was_away_without_being_started_again() -> None:
    before = {
        name: line[2]
        for name, line in lines_of_status().items()
        if name in ("keycloak", *DISPATCH, *HUB, *REGION)
    }
    assert stack("part", "stop", "postgres").returncode == 0
    time.sleep(2)
    assert stack("part", "start", "postgres").returncode == 0
    wait_until_all_are_healthy()
    after = lines_of_status()
    assert before == {name: after[name][2] for name in before}


def test_an_unknown_part_is_refused_with_the_list_of_parts() -> None:
    refused = stack("part", "stop", "mars")
    assert refused.returncode == 1
    assert "postgres" in refused.stderr


@pytest.mark.parametrize("command", ["status", "env", "token x.y"])
def test_commands_on_a_stack_that_does_not_run_say_so(command: str) -> None:
    refused = stack(*command.split(), instance="absent")
    assert refused.returncode == 1
    assert "is not running" in refused.stdout + refused.stderr


def test_the_streams_refuse_rather_than_forget_but_for_those_that_may_be_said_again() -> None:
    answer = httpx.get(f"{os.environ['NATS_MONITOR_URL']}/jsz?accounts=1&streams=1&config=1").json()
    streams = {
        stream["name"]: stream["config"]
        for account in answer["account_details"]
        for stream in account.get("stream_detail", [])
    }
    assert all(config["deny_delete"] and config["deny_purge"] for config in streams.values())
    assert {name for name, config in streams.items() if config["discard"] == "old"} == {
        "ADVISORY", "FEED", "PULSE",
    }  # fmt: skip
    assert {name for name, config in streams.items() if config["discard"] == "new"} == {
        "HANDOFF", "RETURN", "DESK", "REPLY", "CROSS", "ALERT", "MANDATE", "ANSWER", "REFERRAL",
    }  # fmt: skip
