"""The command line of the stack this test run stands on."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
INSTANCE = os.environ.get("DISPATCH109_INSTANCE", "test")


def stack(*arguments: str, instance: str = INSTANCE, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command; its exit code and what it said."""
    return subprocess.run(
        [sys.executable, "-m", "stack109", "--instance", instance, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "infra" / "local"), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
