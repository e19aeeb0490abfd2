"""An access token of a demo person or of a machine, as an outside client would get it.

`operator.petropavl` is a person of the dispatch, `operator.103@hub` one of the hub, `service-103` a machine.
"""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from stack109.environment import Stack
from stack109.failure import StackFailure

HUB = "@hub"


def obtain(stack: Stack, name: str) -> str:
    """Ask Keycloak: by direct grant for a person (demo only), by its key for a machine."""
    if re.fullmatch(r"service-\d{3}", name):
        return _of_machine(stack, name)
    return _of_person(stack, name)


def _of_person(stack: Stack, name: str) -> str:
    variables = stack.variables()
    of_hub = name.endswith(HUB)
    realm, client = ("HUB_REALM", "HUB_DEMO_CLIENT") if of_hub else ("KEYCLOAK_REALM", "DEMO_CLIENT")
    form = {
        "grant_type": "password",
        "client_id": variables[client],
        "username": name.removesuffix(HUB),
        "password": variables["DEMO_PASSWORD"],
    }
    url = f"{variables['KEYCLOAK_URL']}/realms/{variables[realm]}/protocol/openid-connect/token"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            url, urllib.parse.urlencode(form).encode(), timeout=10
        ) as answer:  # our own Keycloak
            return str(json.load(answer)["access_token"])
    except urllib.error.HTTPError as refusal:
        said = json.load(refusal).get("error_description", refusal.reason)
        raise StackFailure(f"Keycloak gives no token for {name!r}: {said}.") from refusal
    except OSError as failure:
        raise StackFailure(
            f"Keycloak does not answer at {stack.keycloak.url}: is the stack running?"
        ) from failure


def _of_machine(stack: Stack, client: str) -> str:
    """Signing needs a library, so a program of `.venv` does it."""
    asked = subprocess.run(
        [str(stack.instance.python), "-m", "identity109.machine_token", client],
        env={**os.environ, **stack.variables()},
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise StackFailure(asked.stderr.strip())
    return asked.stdout.strip()
