"""What comes to a desk from a 109 or from another desk. Handlers run inside the consumer's unit of work."""

from chassis109.kernel.messages import Delivery
from chassis109.store import inbox
from hub112.contract import ContractError, FaultCode
from hub112.desks import arrival
from hub112.desks.arrival import desk_of
from hub112.intake import crossing
from hub112.intake import service as intake

__all__ = ["HANDLERS", "desk_of", "give_up"]


async def on_handoff(delivery: Delivery) -> None:
    """From a 109; what is refused is put aside and answered."""
    try:
        await intake.from_dispatch(delivery)
    except ContractError as error:
        await arrival.reject(delivery, error, "return")


async def on_cross(delivery: Delivery) -> None:
    """From another desk of this hub: nobody outside waits for an answer."""
    try:
        await crossing.from_desk(delivery)
    except ContractError as error:
        name = error.code.name.lower()
        await inbox.put_aside(delivery.source, delivery.message_id, delivery.subject, delivery.payload, name)


async def give_up(delivery: Delivery, error: str) -> None:
    """Tell a 109 that its message failed again and again and was put aside; the consumer has done that."""
    fault = ContractError(FaultCode.TECHNICAL, f"it could not be worked ({error})")
    await arrival.answer(delivery, fault, "return")


HANDLERS = {"sko.*.handoff.*.*.*": on_handoff, "hub.*.*.*.*": on_cross}
