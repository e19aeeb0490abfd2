"""The token in every form: bound to the session, so that no other site or earlier session can send it."""

import hmac
from collections.abc import Mapping
from hashlib import sha256

from litestar import Request
from litestar.enums import RequestEncodingType

from identity109.errors import FormExpired
from identity109.fetch_site import AnyConnection
from identity109.sealing import derived_key

FIELD = "form_token"
HEADER = "x-form-token"
_FORMS = (RequestEncodingType.URL_ENCODED.value, RequestEncodingType.MULTI_PART.value)


class FormTokens:
    """Issues and checks HMAC-SHA256 over the session's id; nothing is stored."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = [derived_key(key, "form token") for key in keys.values()]

    def of(self, sid_hash: bytes) -> str:
        """The token for this session, 64 hexadecimal digits."""
        return hmac.new(self._keys[0], sid_hash, sha256).hexdigest()

    async def check(self, connection: AnyConnection, sid_hash: bytes) -> None:
        """Refuse (FormExpired) a request whose header or form field does not carry this session's token."""
        shown = connection.headers.get(HEADER) or await _in_form(connection)
        if not any(
            hmac.compare_digest(hmac.new(key, sid_hash, sha256).hexdigest().encode(), shown.encode())
            for key in self._keys
        ):
            raise FormExpired


async def _in_form(connection: AnyConnection) -> str:
    content_type = connection.headers.get("content-type", "").lower()
    if not isinstance(connection, Request) or not content_type.startswith(_FORMS):
        return ""
    value = (await connection.form()).get(FIELD)
    return value if isinstance(value, str) else ""
