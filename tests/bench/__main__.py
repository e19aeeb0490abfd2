"""`python -m tests.bench [NAME]`: figures of the running stack, a line each, and .local/bench/latest.json.

The environment is that of `make env`; `make bench` starts a stack of its own for it. Nothing fails because a figure
is small on a busy machine: a missed goal is printed and written down.
"""

import asyncio
import json
import sys
import time
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from tests.bench import (
    create_http,
    fact_to_wall,
    feed,
    figures_page,
    growth,
    handoff_accepted,
    handoff_burst,
    lookups,
    map_tile,
    memory,
    queue_page,
    region_rebuild,
    wall_query,
)

LATEST = Path(__file__).parents[2] / ".local" / "bench" / "latest.json"
# Memory first: what the others leave behind in caches does not belong to it.
MEASURES = {
    "memory": memory.measure, "create_http": create_http.measure, "queue_page": queue_page.measure,
    "lookups": lookups.measure, "map_tile": map_tile.measure, "growth": growth.measure,
    "handoff_accepted": handoff_accepted.measure, "handoff_burst": handoff_burst.measure,
    "feed": feed.measure, "fact_to_wall": fact_to_wall.measure,
    "region_rebuild": region_rebuild.measure, "wall_query": wall_query.measure,
    "figures_page": figures_page.measure,
}  # fmt: skip


async def run(names: list[str]) -> bool:
    """Measure, print, and write after each; what breaks is told and costs the others nothing. Whether nothing broke."""
    figures, broken = list[dict[str, Any]](), list[str]()
    for name in names:
        print(f"{name} …", flush=True)
        began = time.monotonic()
        try:
            measured = await MEASURES[name]()
        except create_http.NotHere:
            raise
        except Exception:
            traceback.print_exc()
            broken.append(name)
            continue
        for figure in measured:
            print(" ", figure.line(), flush=True)
            figures.append(figure.record())
        print(f"  {name} took {time.monotonic() - began:.0f} s", flush=True)
        LATEST.parent.mkdir(parents=True, exist_ok=True)
        LATEST.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        f"written to {LATEST.relative_to(LATEST.parents[2])}" + "".join(f"; BROKEN: {one}" for one in broken)
    )
    return not broken


def main() -> int:
    """The command line."""
    parser = ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=list(MEASURES), help="only this one")
    parser.add_argument("--only", choices=list(MEASURES), help="the same")
    given = parser.parse_args()
    only = given.only or given.name
    try:
        return 0 if asyncio.run(run([only] if only else list(MEASURES))) else 1
    except create_http.NotHere as refused:
        print(refused.__doc__, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
