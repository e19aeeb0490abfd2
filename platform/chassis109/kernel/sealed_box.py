"""A box that only its receiver opens: HPKE (RFC 9180) in one message, X25519 + HKDF-SHA256 + AES-256-GCM.

Each sealing uses a key of its own (ephemeral–static), so that no two boxes look alike. What it is bound to (`bound_to`:
which referral, from whom, to whom) stands in HPKE's `info`, from which the key is derived: in another place it opens
for nobody.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

KEY_BYTES = 32
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_PURPOSE = b"109 sealed box 1\0"


class NotForUs(Exception):
    """The box was changed, or sealed for another key or another place."""


def public_key(private_key: bytes) -> bytes:
    """What others seal for; both are KEY_BYTES long."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def seal(public: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Seal for the owner of `public`. Raises ValueError when that is no key."""
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), _PURPOSE + bound_to)


def open_(private_key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The plain bytes; raises NotForUs."""
    try:
        key = X25519PrivateKey.from_private_bytes(private_key)
        return _SUITE.decrypt(sealed, key, _PURPOSE + bound_to)
    except (InvalidTag, ValueError) as error:
        raise NotForUs from error
