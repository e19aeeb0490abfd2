"""The broker's configuration: who may say what, generated from the registry."""

import re
from pathlib import Path

import pytest

from stack109 import nats_conf
from stack109.failure import StackFailure

BROKER = nats_conf.Broker("trial", 1, 2, Path("/nowhere"))


def rendered(*tenants: str) -> str:
    return nats_conf.render(BROKER, tenants, lambda account: f"secret of {account}")


def block(configuration: str, account: str) -> str:
    """One account's part of the text."""
    return configuration.split(f"\n  {account} {{\n")[1].split("\n  }", maxsplit=1)[0]


def publish_rights(configuration: str, account: str) -> set[str]:
    listed = re.search(r"publish: \{ allow: \[(.*?)\]", block(configuration, account))
    assert listed
    return set(re.findall(r'"([^"]+)"', listed[1]))


def consumer_rights(stream: str, name: str, owner: str) -> set[str]:
    """Fetching from one consumer and acknowledging to it, in both forms, each word counted."""
    return {
        f"{owner}.API.CONSUMER.MSG.NEXT.{stream}.{name}",
        f"{owner}.API.CONSUMER.INFO.{stream}.{name}",
        f"$JS.ACK.{stream}.{name}.*.*.*.*.*",
        f"$JS.ACK.*.*.{stream}.{name}.*.*.*.*.*",
    }


def test_a_tenant_may_publish_its_own_facts_and_handoffs_and_read_its_own_consumers_only() -> None:
    assert publish_rights(rendered("petropavl", "shal-aqyn"), "T_SHAL_AQYN") == {
        "sko.feed.shal-aqyn.*",
        "sko.pulse.shal-aqyn",
        "sko.answer.shal-aqyn",
        "sko.referral.*.shal-aqyn",
        "sko.*.handoff.*.shal-aqyn.*",
        *consumer_rights("RETURN", "shal-aqyn-live", "hub"),
        *consumer_rights("RETURN", "shal-aqyn-exercise", "hub"),
        *consumer_rights("RETURN", "shal-aqyn-test", "hub"),
        *consumer_rights("MANDATE", "shal-aqyn", "region"),
        *consumer_rights("REFERRAL", "shal-aqyn", "region"),
    }


def test_a_service_may_answer_as_itself_and_read_its_own_desk_only() -> None:
    assert publish_rights(rendered("petropavl"), "S103") == {
        "sko.*.reply.103.*.*",
        *consumer_rights("DESK", "103-live", "hub"),
        *consumer_rights("DESK", "103-exercise", "hub"),
        *consumer_rights("DESK", "103-test", "hub"),
    }


@pytest.mark.parametrize("words", ["hub.", "CROSS", "wake", "ui."])
def test_what_desks_share_and_what_wakes_a_relay_crosses_no_border(words: str) -> None:
    lines = [line for line in rendered("petropavl").splitlines() if "{ service" in line or "{ stream" in line]
    assert not [line for line in lines if f'subject: "{words}' in line or f'service: "{words}' in line]
    assert not [line for line in lines if f'stream: "{words}' in line]


def test_no_account_of_a_tenant_names_another_tenant() -> None:
    slugs = ("petropavl", "aiyrtau", "shal-aqyn")
    configuration = rendered(*slugs)
    for slug in slugs:
        own = block(configuration, nats_conf.tenant_account(slug))
        assert not [other for other in slugs if other != slug and other in own]


@pytest.mark.parametrize("owner", ["HUB", "REGION"])
def test_every_export_names_the_accounts_that_may_use_it(owner: str) -> None:
    exports = [line for line in block(rendered("petropavl"), owner).splitlines() if "{ service" in line]
    assert exports
    assert all("accounts: [" in line for line in exports if "account:" not in line)


def test_an_acknowledged_message_is_on_the_disk() -> None:
    assert "sync_interval: always" in rendered("petropavl")


def test_the_system_account_has_no_jetstream() -> None:
    assert "jetstream" not in block(rendered("petropavl"), "SYS")


def test_the_registry_gives_the_tenants_and_not_the_template(tmp_path: Path) -> None:
    for slug in ("petropavl", "_template"):
        (tmp_path / slug).mkdir()
        (tmp_path / slug / "tenant.toml").write_text(f'id = 1\nslug = "{slug}"\n')
    assert nats_conf.slugs(tmp_path) == ["petropavl"]


@pytest.mark.parametrize("text", ['slug = "aiyrtau.>"', 'slug = "Аиртау"', "id = 3", 'slug = "half'])
def test_a_slug_that_would_change_the_meaning_of_a_subject_is_refused_naming_the_file(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tenant.toml").write_text(text)
    with pytest.raises(StackFailure, match=r"broken/tenant\.toml"):
        nats_conf.slugs(tmp_path)
