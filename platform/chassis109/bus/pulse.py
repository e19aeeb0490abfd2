"""Whether a process that is no web server still does its work."""

import time

HANGS_AFTER_SECONDS = 10.0


class Pulse:
    """When the worker's loop last went round; a reader in another thread sees when it hangs."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    async def beat(self) -> None:
        """The loop turns."""
        self.at = time.monotonic()

    def alive(self) -> bool:
        """Whether the loop has turned within the last HANGS_AFTER_SECONDS."""
        return time.monotonic() - self.at < HANGS_AFTER_SECONDS
