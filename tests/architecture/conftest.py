"""The checkout as git knows it, and the applications as their factories assemble them. Needs no stack."""

import subprocess
from pathlib import Path

import pytest
from litestar import Litestar

from dispatch109 import app, live
from hub112 import app as hub_app
from hub112 import live as hub_live
from region109 import app as region_app
from region109 import live as region_live

ROOT = Path(__file__).parents[2]
PACKAGES = tuple(
    ROOT / folder
    for folder in (
        "platform/chassis109", "platform/ui109", "platform/dispatch109", "platform/region109", "tenants/tenancy109",
        "auth/identity109", "integrations/112/hub112", "infra/local/stack109",
    )
)  # fmt: skip
# Enough to assemble an application; nothing is contacted.
ENVIRONMENT = {
    "DISPATCH_APP_DSN": "postgresql://nobody@127.0.0.1:1/nothing",
    "DISPATCH_URL": "http://localhost:1",
    "LIVE_URL": "http://localhost:2",
    "KEYCLOAK_URL": "http://localhost:3",
    "NATS_URL": "nats://127.0.0.1:4",
    "NATS_CREDENTIALS": "users.json",
    "DISPATCH_FILES": "files",
    "DISPATCH_CONTACT_KEYS": "k1:" + "11" * 32,
    "DISPATCH_INDEX_KEY": "22" * 32,
    "DISPATCH_SESSION_KEYS": "k1:" + "33" * 32,
    "DISPATCH_OIDC_SECRET": "secret",
    "HUB_APP_DSN": "postgresql://nobody@127.0.0.1:1/nothing",
    "HUB_URL": "http://localhost:5",
    "HUB_LIVE_URL": "http://localhost:6",
    "HUB_SESSION_KEYS": "k1:" + "44" * 32,
    "HUB_OIDC_SECRET": "secret",
    "REGION_APP_DSN": "postgresql://nobody@127.0.0.1:1/nothing",
    "REGION_URL": "http://localhost:7",
    "REGION_LIVE_URL": "http://localhost:8",
    "REGION_SESSION_KEYS": "k1:" + "55" * 32,
    "REGION_OIDC_SECRET": "secret",
}


def tracked() -> list[Path]:
    """Every file of the project, as a path from its root: committed, or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file of the project."""
    return tracked()


@pytest.fixture(scope="session")
def applications() -> dict[str, Litestar]:
    """All web processes, assembled and not started; the environment is as before for the tests that follow."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
            environment.delenv(f"{name}_FILE", raising=False)
        return {
            "web": app.create_app(),
            "live": live.create_app(),
            "hub": hub_app.create_app(),
            "hub-live": hub_live.create_app(),
            "region": region_app.create_app(),
            "region-live": region_live.create_app(),
        }
