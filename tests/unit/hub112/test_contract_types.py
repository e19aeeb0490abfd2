"""The 44 kinds of emergency are those that were given, with names in three languages."""

import csv
from pathlib import Path
from typing import get_args

from hub112.contract import Hazard, incident_types

GIVEN = Path(__file__).parents[2] / "data" / "handoff" / "incident_types.csv"
# given column → ours
COLUMNS = {
    "ru": "ru", "default_services": "services", "lead": "lead", "priority": "priority", "hazards": "hazards",
    "cap_category": "cap", "emsi_category": "emsi", "eido_apco": "eido", "hubsante_fait": "hubsante",
}  # fmt: skip


def test_types_are_the_given_ones_in_their_order() -> None:
    with GIVEN.open(encoding="utf-8", newline="") as file:
        given = {
            row["code"]: {ours: row[name] for name, ours in COLUMNS.items()} for row in csv.DictReader(file)
        }
    read = {
        code: {
            "ru": kind.names["ru"], "services": "|".join(kind.services), "lead": kind.lead,
            "priority": kind.priority, "hazards": "|".join(kind.hazards), "cap": kind.cap, "emsi": kind.emsi,
            "eido": kind.eido, "hubsante": kind.hubsante,
        }
        for code, kind in incident_types().items()
    }  # fmt: skip

    assert len(read) == 44
    assert read == given
    assert list(read) == list(given)


def test_every_type_has_a_name_of_its_own_in_each_language() -> None:
    for language in ("kk", "ru", "en"):
        names = [kind.names[language] for kind in incident_types().values()]
        assert all(names)
        assert len(set(names)) == len(names), language


def test_every_type_goes_to_its_lead_and_knows_only_hazards_of_the_contract() -> None:
    for kind in incident_types().values():
        assert kind.lead in kind.services, kind.code
        assert len(set(kind.services)) == len(kind.services), kind.code
        assert set(kind.hazards) <= set(get_args(Hazard)), kind.code
