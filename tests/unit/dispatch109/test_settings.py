"""The environment is read once; what is missing or wrong is named, and secrets do not show."""

from pathlib import Path

import pytest

from chassis109.kernel.settings import SettingMissing
from dispatch109.settings import Settings

GIVEN = {
    "DISPATCH_APP_DSN": "postgresql://dispatch_app:hidden@h/d",
    "DISPATCH_RELAY_DSN": "postgresql://dispatch_relay:hidden@h/d",
    "DISPATCH_URL": "https://109.example/",
    "KEYCLOAK_URL": "https://id.example/",
    "NATS_URL": "nats://h:1",
    "NATS_CREDENTIALS": "users.json",
    "DISPATCH_FILES": "files",
    "DISPATCH_CONTACT_KEYS": "k2:" + "ab" * 32 + ", k1:" + "cd" * 32,
    "DISPATCH_INDEX_KEY": "ef" * 32,
}


def test_addresses_lose_their_last_slash_and_what_is_absent_has_its_default() -> None:
    settings = Settings.from_environment(GIVEN)

    assert (settings.url, settings.live_url, settings.keycloak_url) == (
        "https://109.example",
        "",
        "https://id.example",
    )
    assert (settings.worker_port, settings.traces, settings.attachments) == (8111, False, Path("files"))


def test_the_first_key_seals() -> None:
    assert list(Settings.from_environment(GIVEN).contact_keys) == ["k2", "k1"]


@pytest.mark.parametrize("name", sorted(GIVEN.keys() - {"DISPATCH_RELAY_DSN"}))
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingMissing, match=f"set {name} or {name}_FILE"):
        Settings.from_environment({key: value for key, value in GIVEN.items() if key != name})


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "dsn"
    secret.write_text("postgresql://from-the-file\n")

    settings = Settings.from_environment({**GIVEN, "DISPATCH_APP_DSN_FILE": str(secret)})

    assert settings.app_dsn == "postgresql://from-the-file"


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(SettingMissing, match="32 bytes"):
        Settings.from_environment({**GIVEN, "DISPATCH_CONTACT_KEYS": "k1:abcd"})


def test_secrets_do_not_show_in_logs_and_tracebacks() -> None:
    shown = repr(Settings.from_environment(GIVEN))

    for secret in ("hidden", "ab" * 32, "cd" * 32, "\\xab", "\\xef"):
        assert secret not in shown
