"""An access token of a demo person, as an outside client would get it."""

import json
import urllib.error
import urllib.parse
import urllib.request

from stack109.environment import Stack
from stack109.failure import StackFailure


def obtain(stack: Stack, person: str) -> str:
    """Ask Keycloak by direct grant; the client for it exists in the demo realm only."""
    variables = stack.variables()
    form = {
        "grant_type": "password",
        "client_id": variables["DEMO_CLIENT"],
        "username": person,
        "password": variables["DEMO_PASSWORD"],
    }
    url = f"{variables['KEYCLOAK_URL']}/realms/{variables['KEYCLOAK_REALM']}/protocol/openid-connect/token"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(
            url, urllib.parse.urlencode(form).encode(), timeout=10
        ) as answer:  # our own Keycloak
            return str(json.load(answer)["access_token"])
    except urllib.error.HTTPError as refusal:
        said = json.load(refusal).get("error_description", refusal.reason)
        raise StackFailure(f"Keycloak gives no token for {person!r}: {said}.") from refusal
    except OSError as failure:
        raise StackFailure(
            f"Keycloak does not answer at {stack.keycloak.url}: is the stack running?"
        ) from failure
