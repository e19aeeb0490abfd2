"""Who may import whom: the contracts of pyproject.toml."""

import pytest
from importlinter.cli import lint_imports
from tests.architecture.conftest import ROOT


def test_every_contract_of_import_linter_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)

    assert status == 0, capsys.readouterr().out
