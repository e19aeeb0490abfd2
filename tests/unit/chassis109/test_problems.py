"""What the edge makes of an error that is nobody's refusal."""

import msgspec
import pytest

from chassis109.kernel.errors import Malformed
from chassis109.web.problems import InternalError, refused_by


def test_a_body_of_brackets_in_brackets_is_the_callers_fault() -> None:
    with pytest.raises(RecursionError) as error:
        msgspec.json.decode(b"[" * 100_000)

    assert isinstance(refused_by(error.value), Malformed)


def test_anything_unforeseen_is_ours() -> None:
    assert isinstance(refused_by(LookupError()), InternalError)
