"""The forms of a service, as the browser sends them."""

from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile

from dispatch109.tickets.schemas import Version


class VersionForm(msgspec.Struct):
    """A decision on the ticket as it was shown."""

    version: Version


class ReasonForm(msgspec.Struct):
    """A decision that needs a reason."""

    version: Version
    reason: str = ""


class DoneForm(msgspec.Struct):
    """The work is done. `photo`: none, one or several files; a browser sends an empty one when none was chosen."""

    version: Version
    note: str = ""
    photo: Annotated[list[UploadFile], msgspec.Meta(description="JPEG, PNG or WebP by content")] = []

    async def contents(self) -> list[bytes]:
        """The bytes of the chosen files."""
        return [content for file in self.photo if (content := await file.read())]
