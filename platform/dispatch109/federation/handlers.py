"""What the region orders a tenant. Handlers run inside the consumer's unit of work."""

from chassis109.bus.consumer import NoHandler
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox
from dispatch109.alerts import service as alerts
from dispatch109.federation import service as federation
from dispatch109.mandates import service as mandates
from region109.contract import Alert, Mandate, MessageRefused, Resend, decode_order
from tenancy109 import directory


async def on_order(delivery: Delivery) -> None:
    """An order takes effect or is refused by the tenant's rules; what is no order is put aside in sight."""
    try:
        order = decode_order(delivery.subject, delivery.payload)
    except MessageRefused as refused:
        await inbox.put_aside(
            delivery.source, delivery.message_id, delivery.subject, delivery.payload, refused.reason
        )
        return
    tenant = await directory.find(order.tenant)
    if tenant is None:
        raise NoHandler(delivery.subject)
    match order:
        case Mandate():
            await mandates.receive(order, tenant)
        case Alert():
            await alerts.receive(order, tenant)
        case Resend():
            await federation.order(order)


HANDLERS = {"sko.mandate.*": on_order}
