"""Personal data are sealed: bound to tenant, row and column, and useless anywhere else."""

from dataclasses import replace

import pytest

from chassis109.kernel.ids import uuid7
from dispatch109.contacts import service as contacts
from dispatch109.contacts.model import Contact
from identity109.sealing import NotSealedByUs

WHO = Contact(uuid7(), "Айгүл Сәрсенова", "+77051234567", "kk")


@pytest.fixture(autouse=True)
def keys() -> None:
    contacts.use_keys({"k1": b"\x01" * 32}, b"\x02" * 32)


def test_what_was_sealed_is_read_again() -> None:
    assert contacts.unseal(1, contacts.seal(1, WHO)) == WHO
    nobody = Contact(uuid7(), "", "", "ru")
    assert contacts.unseal(1, contacts.seal(1, nobody)) == nobody


def test_nothing_of_it_can_be_read_in_the_database() -> None:
    sealed = contacts.seal(1, WHO)

    for stored in (sealed.name_sealed, sealed.phone_sealed, sealed.phone_index):
        assert stored is not None
        assert b"705123" not in stored
        assert "Айгүл".encode() not in stored
    assert contacts.seal(1, WHO).phone_sealed != sealed.phone_sealed


def test_a_sealed_value_is_worth_nothing_in_another_tenant_row_or_column() -> None:
    sealed = contacts.seal(1, WHO)
    elsewhere = (
        (2, sealed),
        (1, replace(sealed, id=uuid7())),
        (1, replace(sealed, name_sealed=sealed.phone_sealed, phone_sealed=sealed.name_sealed)),
        (1, replace(sealed, phone_sealed=bytes(len(sealed.phone_sealed or b"")))),
    )
    for tenant, moved in elsewhere:
        with pytest.raises(NotSealedByUs):
            contacts.unseal(tenant, moved)


def test_old_keys_still_open_and_the_first_one_seals() -> None:
    old = contacts.seal(1, WHO)
    contacts.use_keys({"k2": b"\x03" * 32, "k1": b"\x01" * 32}, b"\x02" * 32)

    assert contacts.unseal(1, old) == WHO
    assert contacts.seal(1, WHO).key_id == "k2"
    assert contacts.seal(1, WHO).phone_index == old.phone_index
