import json
from pathlib import Path

import pytest
from tests.unit.tenancy109.folders import make, spoil

from tenancy109.__main__ import AWAY, REFUSED, USAGE, main


def test_check_lists_the_tenants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path)

    assert main(["check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "    1 esil: 2 categories, 2 services\n"


def test_check_tells_every_mistake_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(make(tmp_path) / "tenant.toml", "id = 1", "id = 0")

    assert main(["check", str(tmp_path)]) == REFUSED
    assert capsys.readouterr().err == "esil/tenant.toml:1: `id` must be from 1 to 32767, not 0\n"


def test_outlines_are_geojson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path)

    assert main(["outlines", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["features"][0]["properties"]["slug"] == "esil"


def test_without_a_database_apply_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path)
    monkeypatch.delenv("DISPATCH_OWNER_DSN", raising=False)

    with pytest.raises(SystemExit) as end:
        main(["apply", str(tmp_path)])

    assert end.value.code == USAGE
    assert "DISPATCH_OWNER_DSN is not set" in capsys.readouterr().err


def test_a_database_that_is_away_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path)
    monkeypatch.setenv("DISPATCH_OWNER_DSN", "postgresql://nobody@127.0.0.1:1/nowhere")

    assert main(["apply", str(tmp_path)]) == AWAY
    assert "The database is not reachable" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import-boundaries", "nowhere.geojson"]) == REFUSED
    assert "nowhere.geojson" in capsys.readouterr().err
