"""Orders of Keycloak to end sessions (OpenID Connect Back-Channel Logout 1.0)."""

from datetime import timedelta

import structlog

from chassis109.kernel import clock
from chassis109.store.unit import transaction
from identity109 import repository
from identity109.claims import LOGOUT_AGE_SECONDS
from identity109.tokens import Verifier

log = structlog.get_logger()


async def carry_out(token: str, verifier: Verifier, client_id: str) -> int:
    """Close the sessions a logout token names; their number, 0 for a replayed token. Raises TokenRefused.

    The jti and the deletion are one transaction: an order whose effect was lost can be sent again.
    """
    order = await verifier.verify_logout(token, client_id)
    now = clock.now()
    forget_at = now + timedelta(seconds=2 * LOGOUT_AGE_SECONDS)
    async with transaction(None):
        closed = await repository.carry_out_logout(
            order.jti, now, forget_at, order.keycloak_session, order.subject
        )
    if closed is None:
        log.warning("backchannel.replayed")
        return 0
    log.info("backchannel.closed", sessions=closed)
    return closed
