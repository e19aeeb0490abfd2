"""A sealed box opens for its receiver, at its place, unchanged, and otherwise not at all."""

import os

import pytest

from chassis109.kernel import sealed_box
from chassis109.kernel.sealed_box import NotForUs

SAID = "Айгүл Сәрсенова, +7 705 123 45 67".encode()
PLACE = b"referral|petropavl|esil"


@pytest.fixture
def private() -> bytes:
    return os.urandom(sealed_box.KEY_BYTES)


def test_what_was_sealed_is_read_by_its_receiver(private: bytes) -> None:
    public = sealed_box.public_key(private)

    sealed = sealed_box.seal(public, SAID, PLACE)

    assert sealed_box.open_(private, sealed, PLACE) == SAID
    assert len(public) == sealed_box.KEY_BYTES


def test_two_boxes_of_the_same_never_look_alike_and_show_nothing(private: bytes) -> None:
    public = sealed_box.public_key(private)

    one, two = (sealed_box.seal(public, SAID, PLACE) for _ in range(2))

    assert one != two
    assert not {one[at : at + 8] for at in range(len(one) - 8)} & {
        two[at : at + 8] for at in range(len(two) - 8)
    }
    assert b"705" not in one
    assert "Айгүл".encode() not in one


def test_another_key_opens_nothing(private: bytes) -> None:
    sealed = sealed_box.seal(sealed_box.public_key(private), SAID, PLACE)

    with pytest.raises(NotForUs):
        sealed_box.open_(os.urandom(sealed_box.KEY_BYTES), sealed, PLACE)


@pytest.mark.parametrize("place", [b"", b"referral|petropavl|aiyrtau", PLACE + b"x", PLACE[:-1]])
def test_at_another_place_it_opens_for_nobody(private: bytes, place: bytes) -> None:
    sealed = sealed_box.seal(sealed_box.public_key(private), SAID, PLACE)

    with pytest.raises(NotForUs):
        sealed_box.open_(private, sealed, place)


def test_whatever_bit_is_flipped_it_is_noticed(private: bytes) -> None:
    sealed = sealed_box.seal(sealed_box.public_key(private), SAID, PLACE)

    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1 << (at % 7)
        with pytest.raises(NotForUs):
            sealed_box.open_(private, bytes(changed), PLACE)


def test_a_shortened_or_lengthened_box_is_noticed(private: bytes) -> None:
    sealed = sealed_box.seal(sealed_box.public_key(private), SAID, PLACE)

    for length in (0, 1, 31, 32, 33, 47, len(sealed) - 1):
        with pytest.raises(NotForUs):
            sealed_box.open_(private, sealed[:length], PLACE)
    with pytest.raises(NotForUs):
        sealed_box.open_(private, sealed + b"\0", PLACE)


@pytest.mark.parametrize("public", [b"", b"\1" * 31, b"\1" * 33])
def test_what_is_no_key_is_refused(public: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        sealed_box.seal(public, SAID, PLACE)


def test_a_key_that_every_secret_agrees_with_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        sealed_box.seal(bytes(32), SAID, PLACE)
