"""The settings of one service as they stand on a server: its own only, and every secret in a file of its own.

`make env FOR=hub` prints what goes into `/etc/dispatch109/hub.env` (infra/systemd); a `<NAME>_FILE` names the file
that holds the secret, readable by its owner only. Owners' and the superuser's addresses, what provisions people, and
whatever is for the demo are not among them: a process that serves has no use for them.
"""

import json
from collections.abc import Callable

from stack109.environment import Stack
from stack109.vault import Vault

SHARED = ("KEYCLOAK_URL", "NATS_URL")
OWN: dict[str, tuple[str, ...]] = {
    "dispatch": ("DISPATCH_", "LIVE_URL", "WORKER_", "KEYCLOAK_REALM"),
    "hub": ("HUB_",),
    "region": ("REGION_", "KEYCLOAK_REALM"),
}
ACCOUNTS: dict[str, Callable[[str], bool]] = {
    "dispatch": lambda name: name == "NODE" or name.startswith("T_"),
    "hub": lambda name: name in ("NODE", "HUB"),
    "region": lambda name: name in ("NODE", "REGION"),
}
LEFT_OUT = ("_OWNER_DSN", "_DEMO_CLIENT", "_MACHINE_KEYS", "_PROVISIONER_CLIENT", "_PROVISIONER_SECRET")
SECRET = ("_DSN", "_SECRET", "_KEYS", "_KEY")
SERVICES = tuple(OWN)


def settings(stack: Stack, service: str) -> dict[str, str]:
    """Name and value of each setting of a service; the files are written."""
    files = Vault(stack.vault.folder / "production" / service)
    found = {}
    for name, value in stack.variables().items():
        if not (name in SHARED or name.startswith(OWN[service])) or name.endswith(LEFT_OUT):
            continue
        if name.endswith(SECRET):
            found[f"{name}_FILE"] = str(files.write(name, value + "\n"))
        else:
            found[name] = _without_demo(value) if name.endswith("_API_CLIENTS") else value
    users = json.loads(stack.nats.users.read_text())
    own = {account: user for account, user in users.items() if ACCOUNTS[service](account)}
    return {**found, "NATS_CREDENTIALS": str(files.write_json("nats.json", own))}


def _without_demo(clients: str) -> str:
    return ",".join(client for client in clients.split(",") if not client.endswith("-demo"))
