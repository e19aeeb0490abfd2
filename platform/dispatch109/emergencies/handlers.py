"""What comes to a tenant's 109 from the hub. Handlers run inside the consumer's unit of work."""

from chassis109.bus.consumer import NoHandler
from chassis109.kernel.messages import Delivery
from chassis109.store import inbox
from dispatch109.emergencies import returns
from hub112 import contract
from hub112.contract import Address, ContractError, Envelope, FaultCode
from tenancy109 import directory
from tenancy109.model import Tenant


async def on_return(delivery: Delivery) -> None:
    """A service's answer takes effect; what is refused is put aside in sight, and the later ones pass. The hub is not
    told: it is the one who made the mistake, and an error never answers what may be an error."""
    try:
        tenant = await directory.find(Address.of(delivery.subject).tenant)
        if tenant is None:
            raise NoHandler(delivery.subject)
        envelope, address = _read(delivery, tenant)
        await returns.take_in(delivery, envelope, address, tenant)
    except ContractError as error:
        name = error.code.name.lower()
        await inbox.put_aside(delivery.source, delivery.message_id, delivery.subject, delivery.payload, name)


def _read(delivery: Delivery, tenant: Tenant) -> tuple[Envelope, Address]:
    """The message, when it says what its subject says; raises ContractError."""
    envelope, address = contract.decode(delivery.payload), Address.of(delivery.subject)
    for name, said, proven in (
        ("mode", envelope.mode, address.mode),
        ("handoffId", envelope.handoff_id, address.handoff_id),
        ("sender", envelope.sender.agency, f"kz.sko.{address.service}"),
        ("recipient", envelope.recipient.agency, contract.agency(tenant.slug)),
        ("subject", address.tenant, tenant.slug),
    ):
        if said != proven:
            raise ContractError(FaultCode.SENDER_MISMATCH, f"not as its subject says - at `$.{name}`")
    return envelope, address


HANDLERS = {"sko.*.return.*.*.*": on_return}
