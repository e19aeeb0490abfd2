"""The forms of a service, as the browser sends them."""

from typing import Any

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from chassis109.kernel.errors import Malformed
from dispatch109.tickets.schemas import Version


class VersionForm(msgspec.Struct):
    """A decision on the ticket as it was shown."""

    version: Version


class ReasonForm(msgspec.Struct):
    """A decision that needs a reason."""

    version: Version
    reason: str = ""


class DoneForm(msgspec.Struct):
    """The work is done, with the bytes of none, one or several photos."""

    version: Version
    note: str = ""
    photos: list[bytes] = []

    @classmethod
    async def read(cls, request: Request[Any, Any, Any]) -> "DoneForm":
        """From a multipart form; a browser sends an empty part when no file was chosen. Raises Malformed."""
        form = await request.form()
        files = [file for file in form.getall("photo", []) if isinstance(file, UploadFile)]
        said = {name: form.get(name) for name in ("version", "note") if name in form}
        try:
            read = msgspec.convert(said, cls, strict=False)
        except msgspec.ValidationError as error:
            raise Malformed from error
        read.photos = [content for file in files if (content := await file.read())]
        return read
