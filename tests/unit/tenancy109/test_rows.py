from tests.unit.tenancy109.makers import catalogue, zone

from tenancy109 import rows
from tenancy109.model import Route

WATER = {"code": "water", "names": {"kk": "Су"}, "active": True}
HEAT = {"code": "heat", "names": {"kk": "Жылу"}, "active": True}


def test_new_changed_and_vanished_rows_are_told_apart() -> None:
    stored = [WATER, HEAT]
    wanted = [WATER | {"names": {"kk": "Ауыз су"}}, WATER | {"code": "roads"}]

    found = rows.difference("service", stored, wanted)

    assert [row["code"] for row in found.added] == ["roads"]
    assert [row["code"] for row in found.changed] == ["water"]
    assert found.retired == [HEAT | {"active": False}]


def test_what_is_retired_already_is_left_alone_and_comes_back_when_wanted_again() -> None:
    retired = HEAT | {"active": False}

    assert rows.difference("service", [retired], []).rows == []
    assert rows.difference("service", [retired], [HEAT]).changed == [HEAT]


def test_a_catalogue_has_a_row_for_each_of_its_parts() -> None:
    made = catalogue((zone("centre", (69.1, 54.8), 5),), (Route(category="w", place="centre", service="s"),))

    found = rows.of_catalogue(made)

    assert found["zone"][0] | {"names": {}} == {
        "code": "centre", "names": {}, "lon": 69.1, "lat": 54.8, "radius_km": 5.0, "active": True,
    }  # fmt: skip
    assert found["route"] == [{"category": "w", "place": "centre", "service": "s", "active": True}]
    for table, (keys, values) in rows.TABLES.items():
        assert all(set(row) == {*keys, *values} for row in found[table]), table
