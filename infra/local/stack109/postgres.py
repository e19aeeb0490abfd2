"""The private PostgreSQL cluster of an instance: made, configured, bootstrapped, probed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from stack109 import postgres_binaries
from stack109.failure import StackFailure
from stack109.instance import Instance
from stack109.parts import Part
from stack109.processes import end, start_ticks
from stack109.shell import Command, User, run
from stack109.vault import Vault

ROLES = (
    "dispatch_owner", "dispatch_app", "dispatch_relay", "region_owner", "region_app", "region_relay",
    "hub_owner", "hub_app", "hub_relay", "keycloak", "archive",
)  # fmt: skip
SYSTEM_USER = "postgres"
FIRST_MAJOR_WITH_ICU = 15
ANSWER_SECONDS = 600


class Postgres:
    """PostgreSQL of one instance. The superuser is `postgres`, used by the bootstrap and the probe only."""

    def __init__(self, instance: Instance, vault: Vault) -> None:
        self.instance = instance
        self.vault = vault
        self.port = instance.port("postgres")
        self.link = instance.folder / "postgres"
        self.log = instance.logs / "postgres.log"
        self.settings = instance.root / "infra" / "postgres"

    @property
    def data(self) -> Path:
        """The cluster's folder, outside of the checkout when the link says so."""
        return self.link.resolve()

    @property
    def user(self) -> User | None:
        """Who runs the server, when the caller may not."""
        return _other_user()

    def password(self, role: str) -> str:
        """The generated password of a role."""
        return self.vault.value(f"postgres-{role}")

    def dsn(self, role: str, database: str) -> str:
        """A connection address with password."""
        return f"postgresql://{role}:{self.password(role)}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the cluster when there is none; put today's settings in; clear what a crash left."""
        self._forget_broken_link()
        if not (self.data / "PG_VERSION").exists():
            self.lay_out(self._initialise)
        self._require_same_major()
        for name in ("postgresql.conf", "pg_hba.conf"):
            self._own(Path(shutil.copy(self.settings / name, self.data / name)))
        self._clear_stale_pid()

    def part(self) -> Part:
        """The server as the supervisor runs it."""
        argv = (_binaries().program("postgres"), "-D", str(self.data), "-p", str(self.port))
        return Part(
            "postgres", argv, self.port, self.log, self.serves, user=self.user, folder=Path("/"),
            stop_signal=signal.SIGINT, stop_seconds=30, ready_seconds=300,
        )  # fmt: skip

    def serves(self) -> bool:
        """True when a query is answered."""
        said = subprocess.run(
            [_binaries().program("psql"), "-XAtqc", "SELECT 1"],
            env={**os.environ, **self.client(), "PGCONNECT_TIMEOUT": "3"},
            capture_output=True,
            check=False,
        )
        return said.stdout.strip() == b"1"

    def bootstrap(self) -> Command:
        """Roles, databases, extensions and marks by the superuser; right at every start."""
        passwords = [f"\\set {role}_password '{self.password(role)}'" for role in ROLES]
        script = self.vault.write(
            "bootstrap.sql", "\n".join([*passwords, f"\\i '{self.settings}/bootstrap.sql'\n"])
        )
        argv = [_binaries().program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", str(script)]
        return Command("The PostgreSQL bootstrap", argv, self.instance.logs / "bootstrap.log", self.client())

    def ask(self, *questions: str, role: str = "postgres", database: str = "postgres") -> list[str]:
        """The lines that queries answer, each query in a transaction of its own."""
        argv = [self.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"]
        said = subprocess.run(
            [*argv, *(word for question in questions for word in ("-c", question))],
            env={**os.environ, **self.client(role), "PGDATABASE": database, "PGCONNECT_TIMEOUT": "3"},
            capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS,
        )  # fmt: skip
        if said.returncode:
            raise StackFailure(f"PostgreSQL refused: {' '.join(said.stderr.split())}")
        return said.stdout.splitlines()

    def program(self, name: str) -> str:
        """The path of a program that belongs to the server's version."""
        return _binaries().program(name)

    @property
    def major(self) -> int:
        """The version of the programs."""
        return _binaries().major

    def client(self, role: str = "postgres") -> dict[str, str]:
        """Variables that make libpq programs connect, as the superuser when no other role is named."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": role,
            "PGPASSWORD": self.password(role),
            "PGDATABASE": "postgres",
            "PGCLIENTENCODING": "UTF8",
        }

    def _forget_broken_link(self) -> None:
        if self.link.is_symlink() and not self.link.exists():
            self.link.unlink()

    def lay_out(self, fill: Callable[[Path], None]) -> None:
        """Fill a folder beside the final one, renamed when whole: a crash leaves no half cluster."""
        place = self._place()
        fresh = place.with_name(place.name + ".new")
        for folder in (fresh, place):
            shutil.rmtree(folder, ignore_errors=True)
        fresh.mkdir(mode=0o700, parents=True)
        self._own(fresh)
        fill(fresh)
        for path in fresh.rglob("*"):
            self._own(path)
        fresh.rename(place)
        if place != self.link:
            self.link.symlink_to(place)

    def _initialise(self, fresh: Path) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            secret = Path(scratch) / "password"
            secret.write_text(self.password("postgres"))
            self._own(Path(scratch))
            self._own(secret)
            run(self._initdb(fresh, secret))

    def _initdb(self, folder: Path, secret: Path) -> Command:
        binaries = _binaries()
        argv = [binaries.program("initdb"), "-D", str(folder), "-U", "postgres", f"--pwfile={secret}"]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        if binaries.major >= FIRST_MAJOR_WITH_ICU:
            argv += ["--locale-provider=icu", "--icu-locale=und"]
        return Command("Making the PostgreSQL cluster", argv, self.instance.logs / "initdb.log",
                       folder=Path("/"), user=self.user)  # fmt: skip

    def _place(self) -> Path:
        """Inside the checkout when the database's user can get there, else under /var/lib."""
        if self.user is None or _can_enter(self.instance.folder, self.user):
            return self.link
        place = self.instance.outside / "postgres"
        place.parent.mkdir(parents=True, exist_ok=True)
        for folder in (place.parent, place.parent.parent):
            folder.chmod(0o755)
        return place

    def _own(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.uid, self.user.gid)

    def _require_same_major(self) -> None:
        found, ours = int((self.data / "PG_VERSION").read_text()), _binaries().major
        if found != ours:
            raise StackFailure(
                f"The data under {self.data} belong to PostgreSQL {found}, installed is {ours}: "
                f"install postgresql-{found} again, or throw the data away with make clean."
            )

    def _clear_stale_pid(self) -> None:
        """A crash leaves the file; its number may meanwhile be another process of the same user."""
        note = self.data / "postmaster.pid"
        if not note.exists():
            return
        pid = int((note.read_text().split() or ["0"])[0])
        if is_postmaster_of(pid, self.data):
            end(pid, start_ticks(pid), signal.SIGINT, 30)
        note.unlink(missing_ok=True)


def _binaries() -> postgres_binaries.Binaries:
    if found := postgres_binaries.find():
        return found
    raise StackFailure(
        "PostgreSQL with PostGIS was not found: install postgresql, postgresql-<version>-postgis-3."
    )


def _other_user() -> User | None:
    """PostgreSQL refuses to run as root: then Debian's own user takes its place."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise StackFailure(
            f"The user {SYSTEM_USER} is missing: install Debian's postgresql package."
        ) from None
    return User(entry.pw_uid, entry.pw_gid)


def _can_enter(folder: Path, user: User) -> bool:
    test = ["test", "-x", str(folder)]
    return subprocess.run(test, user=user.uid, group=user.gid, extra_groups=[], check=False).returncode == 0


def is_postmaster_of(pid: int, data: Path) -> bool:
    """True when the process is a PostgreSQL server on exactly this folder."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"/postgres") and str(data).encode() in words
