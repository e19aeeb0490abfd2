"""What comes to a tenant's 109 from another tenant. Handlers run inside the consumer's unit of work."""

from chassis109.bus.consumer import NoHandler
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox
from dispatch109.referrals import arrivals
from region109.contract import MessageRefused, Referral, ReferralWithdrawn, decode_across
from tenancy109 import directory


async def on_across(delivery: Delivery) -> None:
    """An offer or an answer takes effect; what the contract or the state refuses is put aside in sight."""
    tenant = await directory.find(delivery.subject.split(".")[2])
    if tenant is None:
        raise NoHandler(delivery.subject)
    try:
        said = decode_across(delivery.subject, delivery.payload)
        if isinstance(said, Referral):
            await arrivals.receive(said, tenant)
        elif isinstance(said, ReferralWithdrawn):
            await arrivals.withdrawn(said, tenant, delivery)
        else:
            await arrivals.answered(said, tenant, delivery)
    except MessageRefused as refused:
        await inbox.put_aside(
            delivery.source, delivery.message_id, delivery.subject, delivery.payload, refused.reason
        )


HANDLERS = {"sko.referral.*.*": on_across}
