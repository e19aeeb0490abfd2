"""Reading the environment: files, keys and lists."""

from pathlib import Path

import pytest

from chassis109.kernel.settings import SettingMissing, read, read_keys, read_names, read_service

SERVICE = {
    "HUB_APP_DSN": "postgresql://hub_app:hidden@h/hub",
    "HUB_URL": "https://112.example/",
    "HUB_LIVE_URL": "https://live.example/",
    "KEYCLOAK_URL": "https://id.example/",
    "NATS_URL": "nats://h:1",
    "NATS_CREDENTIALS": "users.json",
}


def test_a_file_comes_before_a_value_and_outer_blanks_go(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")

    assert read({"NAME": "given", "NAME_FILE": str(tmp_path / "secret")}, "NAME") == "from the file"
    assert read({"NAME": " given\n"}, "NAME") == "given"
    assert read({}, "NAME", "default") == "default"
    with pytest.raises(SettingMissing, match="set NAME or NAME_FILE"):
        read({}, "NAME")


@pytest.mark.parametrize("value", ["", "k1", "k1:", "k1:abcd", "k1:not hexadecimal", f"k1:{'0' * 64},k2:00"])
def test_a_key_that_is_no_key_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(SettingMissing, match="KEYS holds a key that is not 32 bytes"):
        read_keys({"KEYS": value}, "KEYS")


def test_names_are_separated_by_commas() -> None:
    assert read_names({"NAMES": " one, two,,"}, "NAMES") == {"one", "two"}
    assert read_names({}, "NAMES") == frozenset()


def test_each_service_has_its_own_database_and_addresses() -> None:
    read_as = read_service(SERVICE, "HUB", own="HUB_", worker_port=8116)

    assert (read_as["url"], read_as["live_url"]) == ("https://112.example", "https://live.example")
    assert (read_as["relay_dsn"], read_as["worker_port"], read_as["traces"]) == ("", 8116, False)
    with pytest.raises(SettingMissing, match="set DISPATCH_APP_DSN"):
        read_service(SERVICE, "DISPATCH", own="", worker_port=8111)
