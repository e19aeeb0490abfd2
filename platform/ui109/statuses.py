"""How a state looks: colour and shape by look, and always a word. The colours stand in tokens.css."""

from ui109.i18n import mark

LOOKS = ("new", "assigned", "progress", "overdue", "callback", "done", "waiting", "rejected")

STATUSES: dict[str, tuple[str, str]] = {
    "registered": ("new", mark("Registered")),
    "reopened": ("new", mark("Reopened")),
    "assigned": ("assigned", mark("Assigned")),
    "accepted": ("assigned", mark("Accepted")),
    "in_progress": ("progress", mark("In progress")),
    "overdue": ("overdue", mark("Overdue")),
    "did_not_react": ("overdue", mark("Did not react")),
    "callback_due": ("callback", mark("Callback due")),
    "done": ("done", mark("Done")),
    "closed": ("done", mark("Closed")),
    "returned": ("waiting", mark("Returned")),
    "paused": ("waiting", mark("Paused")),
    "referred": ("waiting", mark("Referred")),
    "handed_off": ("rejected", mark("Handed to 112")),
    "rejected": ("rejected", mark("Rejected")),
    "cancelled": ("rejected", mark("Cancelled")),
    "consultation": ("done", mark("Consultation")),
    # Handoffs beside those of the same name above (hub112.contract.State).
    "created": ("waiting", mark("Saved")),
    "dispatched": ("new", mark("In the hub")),
    "received": ("new", mark("Received")),
    "seen": ("new", mark("Seen")),
    "deferred": ("waiting", mark("Deferred")),
    "units_assigned": ("assigned", mark("Crew assigned")),
    "en_route": ("progress", mark("En route")),
    "on_scene": ("progress", mark("On scene")),
    "declined": ("rejected", mark("Declined")),
    "transferred": ("rejected", mark("Transferred")),
    "expired": ("overdue", mark("Not accepted in time")),
    "failed": ("overdue", mark("Not delivered")),
}
