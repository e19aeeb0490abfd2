"""Sealing and opening of personal data: AES-256-GCM per tenant, and a blind index to find a phone."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from dispatch109.contacts.model import Contact
from identity109.sealing import Sealer, derived_key

_keys: dict[str, bytes] = {}
_index: list[bytes] = []


@dataclass(frozen=True, slots=True)
class SealedContact:
    """A contact as it stands in the database."""

    id: UUID
    name_sealed: bytes | None
    phone_sealed: bytes | None
    phone_index: bytes | None
    key_id: str
    language: str


def use_keys(keys: Mapping[str, bytes], index_key: bytes) -> None:
    """Set the master keys by key id, the sealing one first, and the key of the phone index (32 bytes each).

    Called once by the entry point. The index key stays when sealing keys are rotated.
    """
    _index[:] = [index_key]
    _keys.clear()
    _keys.update(keys)
    _sealer.cache_clear()
    _index_key.cache_clear()


@lru_cache(maxsize=2048)
def _sealer(tenant: int) -> Sealer:
    return Sealer(_keys, f"contact:{tenant}")


@lru_cache(maxsize=2048)
def _index_key(tenant: int) -> bytes:
    return derived_key(_index[0], f"contact-index:{tenant}")


def box_keys(tenant: int) -> dict[str, bytes]:
    """The private keys by key id for what other tenants seal for this one (chassis109.kernel.sealed_box), the present
    one first."""
    return {key_id: derived_key(key, f"referral:{tenant}") for key_id, key in _keys.items()}


def phone_index(tenant: int, phone: str) -> bytes | None:
    """The blind index of an E.164 phone: equal phones of one tenant have equal indexes, others have not."""
    return hmac.digest(_index_key(tenant), phone.encode(), sha256) if phone else None


def seal(tenant: int, contact: Contact) -> SealedContact:
    """Seal name and phone; each is bound to its tenant, its row and its column."""
    sealer = _sealer(tenant)

    def sealed(column: str, value: str) -> bytes | None:
        return sealer.seal(value.encode(), f"{contact.id}:{column}".encode()) if value else None

    return SealedContact(
        contact.id,
        sealed("name", contact.name),
        sealed("phone", contact.phone),
        phone_index(tenant, contact.phone),
        sealer.key_id,
        contact.language,
    )


def unseal(tenant: int, sealed: SealedContact) -> Contact:
    """The opposite of `seal`; raises NotSealedByUs when a row was tampered with."""
    sealer = _sealer(tenant)

    def plain(column: str, value: bytes | None) -> str:
        return sealer.open(value, f"{sealed.id}:{column}".encode(), sealed.key_id).decode() if value else ""

    return Contact(
        sealed.id, plain("name", sealed.name_sealed), plain("phone", sealed.phone_sealed), sealed.language
    )
