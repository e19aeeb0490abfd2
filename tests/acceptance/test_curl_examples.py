"""The README's flow by curl is what a reader would paste: it is run as it stands, against the running stack."""

import asyncio
import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLOW = re.compile(r"<!-- flow by curl -->\s*```sh\n(.*?)```", re.DOTALL)
REFERENCE = re.compile(r"109-\d\d-\d{6}")


async def test_the_readmes_flow_by_curl_ends_with_a_closed_ticket() -> None:
    found = FLOW.search((ROOT / "README.md").read_text())
    assert found, "README.md has no ```sh block behind <!-- flow by curl -->"

    process = await asyncio.create_subprocess_exec(
        "bash", "-c", found[1], cwd=ROOT, env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()
    lines = said.decode().split()
    assert REFERENCE.fullmatch(lines[0])
    assert lines[1:] == ["accepted", "in_progress", "callback_due", "confirmed", "closed"]
