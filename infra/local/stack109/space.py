"""Is there room on the disk, asked before anything is written."""

import shutil
from pathlib import Path

from stack109.failure import StackFailure

FIRST_START_GB = 3.0
LATER_START_GB = 0.5


def require_space(folder: Path, gigabytes: float) -> None:
    """Refuse to begin what would end in the middle with a full disk."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise StackFailure(
            f"Only {free:.1f} GB are free on the disk of {folder}; {gigabytes:g} GB are needed. "
            "Free some space and start again."
        )
