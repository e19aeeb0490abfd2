"""What comes to a tenant's 109 from the hub. Handlers run inside the consumer's unit of work."""

from chassis109.bus.consumer import Delivery, NoHandler
from chassis109.store import inbox
from dispatch109.emergencies import returns
from hub112.contract import Address, ContractError
from tenancy109 import directory


async def on_return(delivery: Delivery) -> None:
    """A service's answer takes effect; what is refused is put aside in sight, and the later ones pass. The hub is not
    told: it is the one who made the mistake, and an error never answers what may be an error."""
    try:
        tenant = await directory.find(Address.of(delivery.subject).tenant)
        if tenant is None:
            raise NoHandler(delivery.subject)
        await returns.take_in(delivery, tenant)
    except ContractError as error:
        name = error.code.name.lower()
        await inbox.put_aside(delivery.source, delivery.message_id, delivery.subject, delivery.payload, name)


HANDLERS = {"sko.*.return.*.*.*": on_return}
