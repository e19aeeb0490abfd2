"""What the wall says of punctuality in whole percents."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from region109.wall import drawing
from ui109.formatting import Formats
from ui109.i18n import translate
from ui109.templating import environment

FOLDER = Path(drawing.__file__).parent / "templates"


@pytest.mark.parametrize(
    ("on_time", "judged", "said"),
    [(6649, 6656, "99 %"), (29, 100, "29 %"), (57, 100, "57 %"), (9, 9, "100 %")],
)
def test_punctuality_is_never_rounded_up(on_time: int, judged: int, said: str) -> None:
    words = {"fmt": Formats("en", datetime(2026, 11, 23, tzinfo=UTC)), "_": translate, "language": "en"}
    parts = environment([FOLDER]).get_template("wall/parts.html").make_module(words)

    assert parts.punctual(on_time / judged) == said  # type: ignore[attr-defined]
