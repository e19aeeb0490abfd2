"""`python -m tests.prove [--only NAME] [--seed N]`: the suites at full size against the running stack, one by one.

The environment is that of `make env`; `make prove` starts a stack of its own for it. A suite is a folder beside this
file with `test_*.py` in it; `make test` runs the same folders at a small size. Figures are printed and written to
.local/prove/latest.json; the exit code is 0 only when every test of every suite has passed.
"""

import os
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DISTURBING = ("faults", "load", "power", "backup")
"""Suites that stop parts or fill the machine: they come after the others."""
MOST_SECONDS = 3600
USUAL_INSTANCE = "run"


def suites() -> list[str]:
    """Every folder that holds tests, the quiet ones first."""
    found = sorted(folder.name for folder in HERE.iterdir() if any(folder.glob("test_*.py")))
    return sorted(found, key=lambda name: DISTURBING.index(name) if name in DISTURBING else -1)


def run(names: list[str], seed: str) -> int:
    """Each suite in a process of its own; how many did not pass."""
    environment = {**os.environ, "PROVE_SIZE": "full", "PROVE_SEED": seed}
    failed = []
    for name in names:
        begun = time.monotonic()
        argv = [sys.executable, "-m", "pytest", f"tests/prove/{name}", "-qs", "-o", f"timeout={MOST_SECONDS}"]
        ended = subprocess.run(argv, cwd=ROOT, env=environment, check=False).returncode
        print(f"{name}: {'held' if ended == 0 else 'BROKEN'} in {time.monotonic() - begun:.0f} s", flush=True)
        failed += [name] if ended else []
    print(f"{len(names) - len(failed)} of {len(names)} suites held, seed {seed}")
    return len(failed)


def main() -> int:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--only", choices=suites(), help="only this one")
    parser.add_argument(
        "--seed", default=os.environ.get("PROVE_SEED") or "109", help="another run of the dice"
    )
    given = parser.parse_args()
    if os.environ.get("DISPATCH109_INSTANCE", USUAL_INSTANCE) == USUAL_INSTANCE:
        print(
            "These suites attack and break the stack they run on: `make prove` gives them one of their own."
        )
        return 1
    return 1 if run([given.only] if given.only else suites(), given.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
