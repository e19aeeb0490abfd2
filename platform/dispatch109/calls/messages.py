"""What a consultation says on the bus: that there was one more."""

from datetime import date

from chassis109.kernel.messages import OutboxMessage
from region109 import contract
from region109.contract import ConsultationFact, encode


def told(tenant: str, day: date, category: str, count: int) -> OutboxMessage:
    """How many consultations there were on a day of the tenant with this slug; category '' when none was named."""
    fact = ConsultationFact(tenant=tenant, day=day, category=category or None, count=count)
    return OutboxMessage(
        contract.feed(tenant, "consultation"), f"consultation:{day}:{category}", encode(fact)
    )
