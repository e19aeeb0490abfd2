"""The floor of `create_http` writes what the service writes: its statements are taken from the code."""

from uuid import UUID

import pytest
from tests.bench import anchor
from tests.bench.desks import Desk

DESK = Desk(1, "petropavl", "water", (69.14, 54.87), UUID(int=1), "operator.petropavl")


def test_every_parameter_of_the_services_statements_has_an_expression() -> None:
    script = anchor.script(DESK)

    assert "$" not in script
    assert script.count("INSERT INTO") == 9
    assert script.endswith("COMMIT;\n")


@pytest.mark.parametrize("values", [["1"], ["1", "2", "3"]])
def test_a_statement_that_has_changed_is_noticed(values: list[str]) -> None:
    with pytest.raises(ValueError, match="expressions"):
        anchor.filled("SELECT $1, $2", values)
