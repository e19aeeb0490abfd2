"""Accounts of the broker that end on a day: written down beside the secrets, enforced by leaving the user out.

nats-server knows an expiry in JWTs only. Here an account past its day gets no user in the generated configuration;
the reload that follows closes its connections, and every later attempt is refused and logged with the user's name.
"""

import json
from datetime import UTC, datetime

from stack109.failure import StackFailure
from stack109.vault import Vault

FILE = "nats-expiry.json"


class Expiry:
    """When accounts end: `{"S103": "2026-12-31T00:00:00Z"}`; who is not named never does."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._path = vault.folder / FILE

    def set(self, account: str, at: datetime | None) -> None:
        """Let an account end at `at`; None takes its end away."""
        ends = {**self._read(), account: at}
        self._vault.write_json(FILE, {name: end.isoformat() for name, end in ends.items() if end})

    def expired(self, now: datetime | None = None) -> frozenset[str]:
        """The accounts that have ended by now."""
        moment = now or datetime.now(UTC)
        return frozenset(name for name, end in self._read().items() if end <= moment)

    def _read(self) -> dict[str, datetime]:
        written = json.loads(self._path.read_text()) if self._path.exists() else {}
        return {name: moment(text) for name, text in written.items()}


def moment(text: str) -> datetime:
    """A point in time; one without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise StackFailure(f"{text!r} is not a time like 2026-12-31T00:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
