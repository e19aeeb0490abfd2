"""The order of messages within their keys, also when some of them must come again."""

import time
from collections import defaultdict

COMES_AGAIN_SECONDS = 10.0  # longer than any wait for an acknowledgement (infra/nats/streams.py)


class Turns:
    """Whose turn it is: of each key, the messages that were seen and are not settled."""

    def __init__(self) -> None:
        self._open: defaultdict[str, dict[int, float]] = defaultdict(dict)

    def expect(self, key: str, sequence: int) -> None:
        """A message was fetched, perhaps once more."""
        self._open[key][sequence] = time.monotonic() + COMES_AGAIN_SECONDS

    def due(self, key: str, sequence: int) -> bool:
        """Whether no earlier message of the key is still to come again. One that does not come in time (another
        worker has it, the stream forgot it) is waited for no longer."""
        now = time.monotonic()
        self._open[key] = {number: until for number, until in self._open[key].items() if until > now}
        return all(number >= sequence for number in self._open[key])

    def done(self, key: str, sequence: int) -> None:
        """The message is settled, or holds nothing up."""
        self._open[key].pop(sequence, None)
        if not self._open[key]:
            del self._open[key]
