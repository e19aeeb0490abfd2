"""What the tenants answer to orders. The handler runs inside the consumer's unit of work."""

from chassis109.kernel.messages import Delivery
from region109.alerts import service as alerts
from region109.contract import MandateAnswer, MessageRefused, decode_answer
from region109.feed import service as feed
from region109.mandates import service as mandates


async def on_answer(delivery: Delivery) -> None:
    """An answer is kept where its order stands; what answers nothing is refused in sight."""
    try:
        answer = decode_answer(delivery.subject, delivery.payload)
        match answer:
            case MandateAnswer():
                await mandates.take(answer)
            case _:
                await alerts.take(answer)
    except MessageRefused as refused:
        await feed.refuse(delivery, refused.reason)


HANDLERS = {"sko.answer.*": on_answer}
