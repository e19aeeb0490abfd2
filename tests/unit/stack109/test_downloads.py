"""What is downloaded is compared with what is pinned."""

import hashlib
from pathlib import Path

import pytest

from stack109 import keycloak_dist, setup_python
from stack109.failure import StackFailure

ROOT = Path(__file__).parents[3]


def test_a_corrupt_archive_is_refused_and_deleted_so_that_the_next_start_fetches_it_again(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "26.7.3" / "keycloak.tar.gz"
    archive.parent.mkdir()
    archive.write_bytes(b"half of it")
    with pytest.raises(StackFailure, match="corrupt"):
        keycloak_dist.check(archive, keycloak_dist.SHA256)
    assert not archive.parent.exists()


def test_the_pinned_archive_is_taken(tmp_path: Path) -> None:
    archive = tmp_path / "keycloak.tar.gz"
    archive.write_bytes(b"all of it")
    keycloak_dist.check(archive, hashlib.sha256(b"all of it").hexdigest())
    assert archive.exists()


def test_the_installer_is_taken_from_the_lock_with_its_hashes() -> None:
    lines = setup_python.pinned("uv", (ROOT / "requirements.lock").read_text()).splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 1
    assert all("--hash=sha256:" in line for line in lines[1:])
