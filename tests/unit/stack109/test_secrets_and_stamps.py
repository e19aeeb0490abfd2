"""Secrets are kept and closed to others; stamps forget nothing that matters."""

from pathlib import Path

from stack109.stamps import digest, is_done, mark_done
from stack109.vault import Vault


def test_a_secret_is_made_once_and_stays(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    first = vault.value("key")
    assert len(bytes.fromhex(first)) == 32
    assert Vault(tmp_path / "secrets").value("key") == first


def test_two_secrets_differ(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    assert vault.value("one") != vault.value("two")


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    vault.value("key")
    assert (vault.folder.stat().st_mode & 0o777, (vault.folder / "key").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_a_secret_whose_writing_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("")
    assert len(Vault(tmp_path).value("key")) == 64


def test_a_step_is_done_until_a_file_in_a_folder_changes_or_moves(tmp_path: Path) -> None:
    folder, stamp = tmp_path / "input", tmp_path / "stamp"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a").write_text("1")
    mark_done(stamp, digest(folder))
    assert is_done(stamp, digest(folder))

    (folder / "sub" / "a").write_text("2")
    assert not is_done(stamp, digest(folder))

    (folder / "sub" / "a").write_text("1")
    (folder / "sub" / "a").rename(folder / "a")
    assert not is_done(stamp, digest(folder))


def test_texts_that_only_join_to_the_same_have_different_digests() -> None:
    assert digest("ab", "c") != digest("a", "bc")
