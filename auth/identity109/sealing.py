"""Sealing of small secrets (refresh tokens, the sign-in cookie) by AES-256-GCM with key ids."""

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


class NotSealedByUs(Exception):
    """The bytes were changed, were sealed for another purpose, or their key is gone."""


def derived_key(key: bytes, purpose: str) -> bytes:
    """One 32-byte key per purpose, so that a value sealed for one never opens for another."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(key)


class Sealer:
    """Seals with the first key, opens with any; `bound_to` ties a value to its place (a row, a cookie)."""

    def __init__(self, keys: Mapping[str, bytes], purpose: str) -> None:
        self._ciphers = {kid: AESGCM(derived_key(key, purpose)) for kid, key in keys.items()}
        self.key_id = next(iter(keys))

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        """Nonce and ciphertext under the key `key_id`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[self.key_id].encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes, key_id: str) -> bytes:
        """The plain bytes; raises NotSealedByUs."""
        cipher = self._ciphers.get(key_id)
        if cipher is None or len(sealed) <= _NONCE:
            raise NotSealedByUs
        try:
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
        except InvalidTag as error:
            raise NotSealedByUs from error
