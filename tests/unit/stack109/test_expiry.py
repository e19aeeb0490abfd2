"""Accounts that end: on their day, not before, and visibly in what the broker is given."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stack109.environment import Stack
from stack109.expiry import Expiry, moment
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.nats import Nats
from stack109.vault import Vault

DAY = datetime(2026, 12, 31, tzinfo=UTC)


@pytest.fixture
def nats(tmp_path: Path) -> Nats:
    """The broker of a checkout that has one tenant; nothing runs."""
    (tmp_path / "tenants" / "petropavl").mkdir(parents=True)
    (tmp_path / "tenants" / "petropavl" / "tenant.toml").write_text('slug = "petropavl"\n')
    instance = Instance(tmp_path, "trial")
    instance.make_folders()
    return Stack(instance).nats


def users(nats: Nats, account: str) -> str:
    """What the rendered file says about the account's users."""
    return nats.config.read_text().split(f"\n  {account} {{\n")[1].split("\n")[0].strip()


def test_an_account_ends_on_its_day_and_not_before(tmp_path: Path) -> None:
    expiry = Expiry(Vault(tmp_path))
    expiry.set("S103", DAY)
    assert expiry.expired(DAY - timedelta(seconds=1)) == frozenset()
    assert expiry.expired(DAY) == {"S103"}


def test_the_end_of_one_account_leaves_the_others_alone_and_is_taken_away_again(tmp_path: Path) -> None:
    expiry = Expiry(Vault(tmp_path))
    expiry.set("S103", DAY)
    expiry.set("T_PETROPAVL", DAY)
    expiry.set("S103", None)
    assert expiry.expired(DAY) == {"T_PETROPAVL"}


def test_an_account_that_has_ended_keeps_its_block_and_loses_its_user(nats: Nats) -> None:
    nats.let_expire("S103", DAY - timedelta(days=365))
    assert users(nats, "S103") == "users: [  ]"
    assert "user: s101" in users(nats, "S101")

    nats.let_expire("S103", None)
    assert "user: s103" in users(nats, "S103")


@pytest.mark.parametrize("account", ["HUB", "SYS", "REGION", "NODE", "S999", "T_NOWHERE", "s103"])
def test_what_the_stack_itself_stands_on_never_ends_and_a_slip_is_told(nats: Nats, account: str) -> None:
    with pytest.raises(StackFailure, match=f"{account} cannot expire"):
        nats.let_expire(account, DAY)


def test_a_time_without_a_zone_is_utc_and_anything_else_is_refused() -> None:
    assert moment("2026-12-31") == moment("2026-12-31T05:00:00+05:00") == DAY
    with pytest.raises(StackFailure, match="is not a time"):
        moment("tomorrow")
