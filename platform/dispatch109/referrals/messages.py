"""What the sender of a referral says: the offer with its sealed part, and that it wants it back."""

from datetime import datetime
from uuid import UUID

from chassis109.kernel.messages import OutboxMessage
from dispatch109.referrals.model import Referral
from region109 import contract


def offer(referral: Referral, sender: str) -> OutboxMessage:
    """The offer as it travels; its sealed part is not kept here."""
    told = contract.Referral(
        id=referral.id, sender=sender, receiver=referral.other_slug, ticket=_ticket(referral),
        reference=referral.reference, chain=tuple(referral.chain), category=referral.category_code,
        priority=referral.priority, opened_at=referral.opened_at, due_at=referral.due_at,
        statutory_due=referral.statutory_due, reason=referral.reason, mandate=referral.mandate_id,
        sent_at=referral.sent_at, sent_by=referral.sent_by, key_id=referral.key_id or "", sealed=referral.sealed or b"",
    )  # fmt: skip
    subject = contract.referral(referral.other_slug, sender)
    return OutboxMessage(subject, f"referral:{referral.id}", contract.encode(told))


def withdrawal(referral: Referral, sender: str, at: datetime) -> OutboxMessage:
    """The wish to have an offer back; it leaves after the offer."""
    told = contract.ReferralWithdrawn(
        id=referral.id, sender=sender, receiver=referral.other_slug, at=at, by=referral.withdrawn_by or "",
        reason=referral.withdrawal or "",
    )  # fmt: skip
    subject = contract.referral(referral.other_slug, sender)
    return OutboxMessage(subject, f"referral:{referral.id}", contract.encode(told))


def _ticket(referral: Referral) -> UUID:
    if referral.ticket_id is None:  # a constraint of the table says that it cannot be
        raise LookupError(referral.id)
    return referral.ticket_id
