"""Keycloak of an instance: realm files with this instance's addresses, and the server as a part.

The distribution is shared. Each instance has a home of its own whose program folders are links and
whose `data` folder is real; the Java process is started directly, because `kc.sh` forks and resolves links.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from stack109 import java
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.machine_keys import MachineKeys
from stack109.parts import Part
from stack109.postgres import Postgres
from stack109.probes import http_ok
from stack109.vault import Vault

REALMS = ("sko", "sko-112")
SHARED = ("bin", "lib", "providers", "themes")
OPENED = (
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.security",
    "java.base/java.lang",
)
# After a restart of PostgreSQL the pool would hand out dead connections, and people would meet its errors.
TRY_CONNECTIONS = "-Dquarkus.datasource.jdbc.validate-on-borrow=true"
JAVA_OPTIONS = (
    "-Xms128m", "-Xmx512m", "-XX:MetaspaceSize=96M", "-XX:MaxMetaspaceSize=256m",
    "-XX:+ExitOnOutOfMemoryError", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
    "-Dfile.encoding=UTF-8", "-Djava.security.egd=file:/dev/urandom", "-Duser.language=en",
    "-Duser.country=US", "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dpicocli.disable.closures=true", "-Dquarkus-log-max-startup-records=10000",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    *(f"--add-opens={package}=ALL-UNNAMED" for package in OPENED),
)  # fmt: skip


class Keycloak:
    """The identity server of one instance; its database is `keycloak` in the instance's PostgreSQL."""

    def __init__(self, instance: Instance, vault: Vault, postgres: Postgres) -> None:
        self.instance = instance
        self.vault = vault
        self.postgres = postgres
        self.port = instance.port("keycloak")
        self.management_port = instance.port("keycloak-management")
        self.home = instance.folder / "keycloak"
        self.url = f"http://localhost:{self.port}"
        self.machines = MachineKeys(vault)

    def values(self) -> dict[str, str]:
        """What the placeholders of the realm files stand for."""
        return {
            "DISPATCH_URL": f"http://localhost:{self.instance.port('web')}",
            "HUB_URL": f"http://localhost:{self.instance.port('hub')}",
            "REGION_URL": f"http://localhost:{self.instance.port('region')}",
            "DISPATCH_WEB_SECRET": self.vault.value("oidc-dispatch-web"),
            "PROVISIONER_SECRET": self.vault.value("oidc-provisioner"),
            "REGION_WEB_SECRET": self.vault.value("oidc-region-web"),
            "HUB_WEB_SECRET": self.vault.value("oidc-hub-web"),
            "HUB_PROVISIONER_SECRET": self.vault.value("oidc-hub-provisioner"),
            **{f"SERVICE_{code}_JWKS": keys for code, keys in self.machines.jwks().items()},
        }

    def prepare(self) -> None:
        """Lay out the home and write the realm files Keycloak imports when it does not know a realm yet."""
        self.home.mkdir(exist_ok=True)
        self._link_programs()
        imports = self.home / "data" / "import"
        imports.mkdir(parents=True, exist_ok=True)
        imports.chmod(0o700)
        for realm in REALMS:
            content = realm_file(self.instance.root / "auth" / "realms", realm, self.values())
            (imports / f"{realm}-realm.json").write_text(json.dumps(content, ensure_ascii=False, indent=1))

    def part(self) -> Part:
        """The server as the supervisor runs it."""
        jar = self.home / "lib" / "quarkus-run.jar"
        argv = (
            str(java.require()), *JAVA_OPTIONS, f"-Dkc.home.dir={self.home}",
            f"-Djboss.server.config.dir={self.home}/conf", TRY_CONNECTIONS, "-cp", str(jar),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
            "start", "--optimized", "--import-realm", "--cache=local", "--http-enabled=true",
            "--http-host=127.0.0.1", f"--http-port={self.port}", f"--hostname={self.url}",
            f"--http-management-port={self.management_port}",
        )  # fmt: skip
        return Part(
            "keycloak", argv, self.port, self.instance.logs / "keycloak.log", self.serves,
            environment=self._environment(), folder=self.home, ready_seconds=600,
        )  # fmt: skip

    def serves(self) -> bool:
        """True when Keycloak calls itself ready (its database included)."""
        return http_ok(self.management_port, "/health/ready")

    def _environment(self) -> dict[str, str]:
        return {
            "KC_DB_URL": f"jdbc:postgresql://127.0.0.1:{self.postgres.port}/keycloak",
            "KC_DB_USERNAME": "keycloak",
            "KC_DB_PASSWORD": self.postgres.password("keycloak"),
            "KC_DB_POOL_MAX_SIZE": "15",
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self.vault.value("keycloak-admin"),
            "KC_HTTP_MANAGEMENT_HOST": "127.0.0.1",
            "KC_LOG_LEVEL": "INFO,io.smallrye.health:error",  # our own probe asks ten times a second
        }

    def _link_programs(self) -> None:
        source = self.instance.dist / "keycloak"
        for name in SHARED:
            link = self.home / name
            link.unlink(missing_ok=True)
            link.symlink_to(source / name)
        shutil.copytree(source / "conf", self.home / "conf", dirs_exist_ok=True)


def realm_file(folder: Path, realm: str, values: dict[str, str]) -> dict[str, Any]:
    """A realm as committed, its placeholders resolved, with the clients only a demo has."""
    content = _load(folder / f"{realm}.json", values)
    extra = _load(folder / "demo-clients.json", values).get(realm, [])
    content["clients"] += extra
    return content


def _load(path: Path, values: dict[str, str]) -> dict[str, Any]:
    """A JSON file with `${NAME}` replaced; an unknown name is refused."""

    def known(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise StackFailure(f"{path}: nothing is known for the placeholder ${{{match[1]}}}.")
        return json.dumps(values[match[1]])[1:-1]  # every placeholder stands inside of a text

    content: dict[str, Any] = json.loads(re.sub(r"\$\{([A-Z0-9_]+)\}", known, path.read_text()))
    return content
