"""What the machines of the emergency services answer. Handlers run inside the consumer's unit of work."""

from chassis109.kernel.messages import Delivery
from hub112.contract import ContractError, FaultCode
from hub112.desks import arrival
from hub112.desks.arrival import desk_of
from hub112.replies import service as replies

__all__ = ["HANDLERS", "desk_of", "give_up"]


async def on_reply(delivery: Delivery) -> None:
    """From a machine; what is refused is put aside and answered."""
    try:
        await replies.from_machine(delivery)
    except ContractError as error:
        await arrival.reject(delivery, error, "desk")


async def give_up(delivery: Delivery, error: str) -> None:
    """Tell a machine that its message failed again and again and was put aside; the consumer has done that."""
    fault = ContractError(FaultCode.TECHNICAL, f"it could not be worked ({error})")
    await arrival.answer(delivery, fault, "desk")


HANDLERS = {"sko.*.reply.*.*.*": on_reply}
