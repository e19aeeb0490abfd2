"""An instance's parts in one place, and the variables that tell every program where they are."""

import sys
from datetime import UTC, datetime, timedelta
from functools import partial

from stack109 import setup_debian
from stack109.backup_folder import kept_in
from stack109.instance import Instance
from stack109.keycloak import Keycloak
from stack109.nats import Nats
from stack109.nats_conf import SERVICES as DESKS
from stack109.parts import Part
from stack109.postgres import Postgres
from stack109.probes import http_ok, is_connected
from stack109.vault import Vault

DEMO_PASSWORD = "demo-109-sko"  # noqa: S105 - printed on the page: whoever runs the demo is to know it
HUB_DEMO_CLIENT = "hub-demo"
DEMO_INSTANCE = "run"
BASE = ("postgres", "nats", "keycloak")
DISPATCH = ("web", "live", "worker")
HUB = ("hub", "hub-live", "hub-worker")
REGION = ("region", "region-live", "region-worker")
MACHINES = "machines"
ARCHIVE = "archive"
FRESH_SECONDS = 60
"""A backup that has not moved for so long does not serve."""
SERVICES = (*DISPATCH, *HUB, *REGION, MACHINES)
SIMULATED = ("102", "104")
"""Desks whose machine answers by itself in the demo; at the others people answer, in a browser."""
HEALTH = {"worker": "/livez", "hub-worker": "/livez", "region-worker": "/livez"}
API_CLIENTS = "dispatch-web,region-web,dispatch-demo"
"""Whoever signs people of the realm `sko` in; dispatch and region share it, and each lets its own people do things."""
DATABASES = {
    "DISPATCH_OWNER_DSN": ("dispatch_owner", "dispatch"),
    "DISPATCH_APP_DSN": ("dispatch_app", "dispatch"),
    "DISPATCH_RELAY_DSN": ("dispatch_relay", "dispatch"),
    "REGION_OWNER_DSN": ("region_owner", "region"),
    "REGION_APP_DSN": ("region_app", "region"),
    "REGION_RELAY_DSN": ("region_relay", "region"),
    "HUB_OWNER_DSN": ("hub_owner", "hub"),
    "HUB_APP_DSN": ("hub_app", "hub"),
    "HUB_RELAY_DSN": ("hub_relay", "hub"),
    "POSTGRES_DSN": ("postgres", "dispatch"),
}
SECRETS = (
    "session-key", "contact-key", "index-key", "oidc-dispatch-web", "oidc-provisioner",
    "hub-session-key", "oidc-hub-web", "oidc-hub-provisioner", "region-session-key", "oidc-region-web",
)  # fmt: skip


class Stack:
    """Everything that makes up one instance; nothing is started or written by making this object."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.vault = Vault(instance.folder / "secrets")
        self.postgres = Postgres(instance, self.vault)
        self.nats = Nats(instance, self.vault)
        self.keycloak = Keycloak(instance, self.vault, self.postgres)

    def part(self, name: str) -> Part:
        """A part by its name."""
        if name in (*DISPATCH, *HUB, *REGION):
            return self._service(name)
        parts = {
            "postgres": self.postgres.part,
            "nats": self.nats.part,
            "keycloak": self.keycloak.part,
            MACHINES: self._machines,
            ARCHIVE: self._archive,
        }
        return parts[name]()

    def services(self) -> tuple[str, ...]:
        """The programs of our own; machines answer in a person's stack only, tests play them themselves."""
        return SERVICES if self.instance.name == DEMO_INSTANCE else (*DISPATCH, *HUB, *REGION)

    def prepare(self) -> None:
        """Put configuration in place for today's registry, realms and ports."""
        self.nats.prepare()
        self.keycloak.prepare()
        (self.instance.folder / "files").mkdir(mode=0o700, exist_ok=True)
        for name in SECRETS:
            self.vault.value(name)

    def variables(self) -> dict[str, str]:
        """What `make env` prints; the table in infra/local/README.md says what each is for."""
        instance, vault = self.instance, self.vault
        return {
            **self._addresses(),
            **{name: self.postgres.dsn(role, database) for name, (role, database) in DATABASES.items()},
            **self._of_hub(),
            **self._of_region(),
            "KEYCLOAK_REALM": "sko",
            "DISPATCH_OIDC_CLIENT": "dispatch-web",
            "DISPATCH_OIDC_SECRET": vault.value("oidc-dispatch-web"),
            "DISPATCH_API_CLIENTS": API_CLIENTS,
            "PROVISIONER_CLIENT": "provisioner",
            "PROVISIONER_SECRET": vault.value("oidc-provisioner"),
            "DEMO_CLIENT": "dispatch-demo",
            "DEMO_PASSWORD": DEMO_PASSWORD,
            "DISPATCH_SESSION_KEYS": f"k1:{vault.value('session-key')}",
            "DISPATCH_CONTACT_KEYS": f"k1:{vault.value('contact-key')}",
            "DISPATCH_INDEX_KEY": vault.value("index-key"),
            "DISPATCH_FILES": str(instance.folder / "files"),
            "DISPATCH_TENANTS": str(instance.root / "tenants"),
            "NATS_CREDENTIALS": str(self.nats.users),
            "DISPATCH109_INSTANCE": instance.name,
            "DISPATCH109_LOCAL": str(instance.folder),
            "CHROMIUM": setup_debian.browser() or "",
        }

    def for_programs(self) -> dict[str, str]:
        """The same for our own programs, which may keep compiled modules: importing takes half the time."""
        return {**self.variables(), "PYTHONDONTWRITEBYTECODE": ""}

    def _addresses(self) -> dict[str, str]:
        port = self.instance.port
        return {
            "DISPATCH_URL": f"http://localhost:{port('web')}",
            "LIVE_URL": f"http://localhost:{port('live')}",
            "WORKER_URL": f"http://localhost:{port('worker')}",
            "WORKER_PORT": str(port("worker")),
            "HUB_URL": f"http://localhost:{port('hub')}",
            "HUB_LIVE_URL": f"http://localhost:{port('hub-live')}",
            "HUB_WORKER_URL": f"http://localhost:{port('hub-worker')}",
            "HUB_WORKER_PORT": str(port("hub-worker")),
            "REGION_URL": f"http://localhost:{port('region')}",
            "REGION_LIVE_URL": f"http://localhost:{port('region-live')}",
            "REGION_WORKER_URL": f"http://localhost:{port('region-worker')}",
            "REGION_WORKER_PORT": str(port("region-worker")),
            "KEYCLOAK_URL": self.keycloak.url,
            "KEYCLOAK_HEALTH_URL": f"http://localhost:{port('keycloak-management')}",
            "NATS_URL": f"nats://127.0.0.1:{port('nats')}",
            "NATS_MONITOR_URL": f"http://127.0.0.1:{port('nats-monitor')}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port("postgres")),
        }

    def _of_hub(self) -> dict[str, str]:
        vault, machines = self.vault, [f"service-{code}" for code in DESKS]
        return {
            "HUB_REALM": "sko-112",
            "HUB_OIDC_CLIENT": "hub-web",
            "HUB_OIDC_SECRET": vault.value("oidc-hub-web"),
            "HUB_API_CLIENTS": ",".join(["hub-web", HUB_DEMO_CLIENT, *machines]),
            "HUB_MACHINE_CLIENTS": ",".join(machines),
            "HUB_MACHINE_KEYS": str(self.keycloak.machines.folder),
            "HUB_DEMO_CLIENT": HUB_DEMO_CLIENT,
            "HUB_PROVISIONER_CLIENT": "provisioner",
            "HUB_PROVISIONER_SECRET": vault.value("oidc-hub-provisioner"),
            "HUB_SESSION_KEYS": f"k1:{vault.value('hub-session-key')}",
        }

    def _of_region(self) -> dict[str, str]:
        return {
            "REGION_OIDC_CLIENT": "region-web",
            "REGION_OIDC_SECRET": self.vault.value("oidc-region-web"),
            "REGION_API_CLIENTS": API_CLIENTS,
            "REGION_SESSION_KEYS": f"k1:{self.vault.value('region-session-key')}",
        }

    def _machines(self) -> Part:
        instance, desks = self.instance, [word for code in SIMULATED for word in ("--service", code)]
        argv = (str(instance.python), "-m", "hub112.simulator", "--behaviour", "prompt", *desks)
        return Part(
            MACHINES, (*argv, "--memory", str(instance.folder / MACHINES)), None, instance.logs / f"{MACHINES}.log",
            partial(is_connected, self.nats.monitor_port, f"hub112-sim:S{SIMULATED[-1]}"),
            environment=self.for_programs(), folder=instance.root,
        )  # fmt: skip

    def _archive(self) -> Part:
        """The program of this very package: it must not wait for libraries."""
        instance = self.instance
        argv = (sys.executable, "-m", "stack109", "--instance", instance.name, ARCHIVE)
        return Part(
            ARCHIVE, argv, None, instance.logs / f"{ARCHIVE}.log", self._is_archived,
            environment={"PYTHONPATH": str(instance.root / "infra" / "local")}, folder=instance.root,
            ready_seconds=90,
        )  # fmt: skip

    def _is_archived(self) -> bool:
        folder = kept_in(self.instance)
        reaches = folder.reaches() if folder else None
        return reaches is not None and datetime.now(UTC) - reaches < timedelta(seconds=FRESH_SECONDS)

    def _service(self, name: str) -> Part:
        port = self.instance.port(name)
        python = str(self.instance.python)
        granian = [
            python, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1",
            "--port", str(port), "--workers-kill-timeout", "3", "--no-ws", "--backlog", "1024",
        ]  # fmt: skip
        streams = [*granian, "--backpressure", "4096"]
        argv = {
            "web": [*granian, "dispatch109.app:create_app"],
            "live": [*streams, "dispatch109.live:create_app"],
            "worker": [python, "-m", "dispatch109.worker"],
            "hub": [*granian, "hub112.app:create_app"],
            "hub-live": [*streams, "hub112.live:create_app"],
            "hub-worker": [python, "-m", "hub112.worker"],
            "region": [*granian, "region109.app:create_app"],
            "region-live": [*streams, "region109.live:create_app"],
            "region-worker": [python, "-m", "region109.worker"],
        }[name]
        probe = partial(http_ok, port, HEALTH.get(name, "/readyz"))
        return Part(
            name, tuple(argv), port, self.instance.logs / f"{name}.log", probe,
            environment=self.for_programs(), folder=self.instance.root,
        )  # fmt: skip
