"""How much a suite tries, and with which dice: small in `make test`, full in `make prove`, repeatable in both."""

import os
from random import Random

FULL = os.environ.get("PROVE_SIZE", "small") == "full"
SEED = int(os.environ.get("PROVE_SEED") or 109)


def sized(small: int, full: int) -> int:
    """The number of tries, seconds or clients of this run."""
    return full if FULL else small


def dice(name: str) -> Random:
    """Chance that falls the same way again under the same SEED; `name` keeps the users of one run apart."""
    return Random(f"{SEED}:{name}")  # noqa: S311 - has to fall the same way again
