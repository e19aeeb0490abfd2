"""What is sealed for the receiver of a referral: the person, and what was said."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from chassis109.kernel import sealed_box
from chassis109.kernel.sealed_box import NotForUs
from chassis109.kernel.text import Form
from region109 import contract


class Content(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only the receiver may read: the person, and what was said. `point`: exact, WGS 84."""

    name: Annotated[str, Meta(max_length=200)]
    phone: Annotated[str, Meta(max_length=40, pattern=r"^(\+[0-9]{5,20})?$(?!\n)")]
    language: Literal["kk", "ru", "en"]
    text: Annotated[str, Meta(max_length=4000)]
    address: Annotated[str, Meta(max_length=300)]
    landmark: Annotated[str, Meta(max_length=300)]
    point: tuple[Annotated[float, Meta(ge=-180, le=180)], Annotated[float, Meta(ge=-90, le=90)]] | None = None


def public_key(private_key: bytes) -> bytes:
    """What others seal for."""
    return sealed_box.public_key(private_key)


def bound_to(referral_id: UUID, sender: str, receiver: str) -> bytes:
    """Where the sealed part belongs: in another referral, or from or to another tenant, it does not open."""
    return f"{referral_id}|{sender}|{receiver}".encode()


def sealed(content: Content, public_key: bytes, place: bytes) -> bytes:
    """For the owner of the key."""
    return sealed_box.seal(public_key, msgspec.json.encode(content), place)


def unsealed(private_key: bytes, box: bytes, place: bytes) -> Content:
    """The opposite; raises NotForUs, also for what is no Content or holds what nobody could have typed."""
    try:
        content = msgspec.json.decode(sealed_box.open_(private_key, box, place), type=Content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotForUs from error
    if not typed(content.name, content.text, content.address, content.landmark):
        raise NotForUs
    return content


def typed(*words: str) -> bool:
    """Whether people could have typed these: nothing that hides in a text or turns it round."""
    form = Form()
    for word in words:
        form.text("word", word, most=contract.MOST_BYTES)
    return not form.errors
