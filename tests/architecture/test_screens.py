"""What every page's source keeps to."""

import re
from pathlib import Path

from tests.architecture.conftest import ROOT

TAG = re.compile(r"<[a-z][^<>]*>", re.DOTALL)


def test_no_part_that_hears_events_gives_up_a_reading_for_the_next_event(files: list[Path]) -> None:
    """Events may come faster than a slow line reads: the reading under way ends, then the newest event's follows."""
    given_up = [
        f"{file}: {tag[:60]}"
        for file in files
        if file.suffix == ".html"
        for tag in TAG.findall((ROOT / file).read_text("utf-8"))
        if "live:" in tag and re.search(r'hx-sync="[^"]*(replace|abort)', tag)
    ]
    assert given_up == []
