"""The forms of the card, as the browser sends them."""

import msgspec

from chassis109.kernel.errors import Malformed
from dispatch109.calls.pages import CallForm
from dispatch109.calls.service import Said
from dispatch109.tickets.schemas import Version


class AssignForm(msgspec.Struct):
    """Make another service responsible."""

    version: Version
    service: str = ""
    note: str = ""


class ReferForm(msgspec.Struct):
    """Offer the ticket to another tenant."""

    version: Version
    to: str = ""
    reason: str = ""


class UnmaskForm(msgspec.Struct):
    """Why the applicant's phone is needed."""

    reason: str = ""


class AmendForm(CallForm, kw_only=True):
    """The record as it should stand, and what stood there when the form was loaded (`was`, JSON of Said)."""

    version: Version
    was: str = ""

    def before(self) -> Said | None:
        """What the person saw; None when the form does not say. Raises Malformed."""
        if not self.was:
            return None
        try:
            return msgspec.json.decode(self.was, type=Said)
        except (msgspec.MsgspecError, UnicodeEncodeError) as error:
            raise Malformed from error
