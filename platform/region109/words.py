"""Mandates in words, for their own screens and for the card of a ticket."""

from ui109.i18n import mark

MANDATE_KINDS = {
    "escalate": mark("Raise the priority"), "report": mark("Ask for a report"),
    "refer": mark("Refer to another tenant"),
}  # fmt: skip
MANDATE_STATES = {
    "sent": ("waiting", mark("Order sent")), "received": ("new", mark("Order received")),
    "executed": ("done", mark("Order executed")), "refused": ("rejected", mark("Order refused")),
}  # fmt: skip
MANDATE_REFUSALS = {
    "too-late": mark("Its deadline had passed when it arrived"),
    "no-such-ticket": mark("There is no such ticket there"),
    "ticket-has-ended": mark("The ticket has ended"),
    "not-possible": mark("The rules of that tenant do not allow it"),
    "wrong-state": mark("Not possible in that state"),
    "referred-to-itself": mark("A tenant cannot refer a ticket to itself."),
    "no-such-tenant": mark("There is no such tenant."),
    "referred-in-a-circle": mark("This tenant has had the ticket already: it cannot go back there."),
    "still-unanswered": mark("The last referral of this ticket has not been answered yet."),
    "no-key-yet": mark("The other tenant cannot receive sealed referrals yet"),
}
"""Codes of a tenant's refusal in words; another one is shown as it is."""
