"""How the hub's worker shares its connections to the database."""

from chassis109.bus.consumer import SIDE_BY_SIDE
from chassis109.bus.worker import POOL
from hub112.worker import HEARD


def test_however_much_is_heard_the_clocks_find_a_connection() -> None:
    assert sum(at_once for _, _, at_once in HEARD.values()) <= SIDE_BY_SIDE < POOL
