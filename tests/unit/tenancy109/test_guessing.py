import time
from pathlib import Path

import pytest
from tests.unit.tenancy109.makers import category

from tenancy109 import registry
from tenancy109.guessing import guess

CATEGORIES = registry.load(Path(__file__).parents[3] / "tenants")["petropavl"].catalogue.categories

SAID = [
    ("Во дворе прорвало трубу, вода течёт на улицу", "water-leak"),
    ("нет воды с утра по Абая 12", "water-no-supply"),
    ("горячей воды нет третий день", "hot-water-none"),
    ("Су жоқ, таңнан бері келмейді", "water-no-supply"),
    ("батареи холодные, в квартире мёрзнем", "heat-none"),
    ("не горят фонари на Жамбыла", "street-light-out"),
    ("не чистят снег во дворе", "yard-snow"),
    ("снег на дороге не убран, автобус не проедет", "snow-road"),
    ("Аулада қар тазаланбаған", "yard-snow"),
    ("аулада кар тазаланбаган", "yard-snow"),
    ("қоқыс үш күн шығарылмаған", "waste-not-collected"),
    ("каңгыбас иттер балаларды коркытады", "stray-dogs"),
    ("ОТКРЫТЫЙ ЛЮК!!!", "manhole-open"),
    ("водитель автобуса хамит", "bus-driver"),
    ("ағаш құлап, жолды жауып қалды", "tree-dangerous"),
]


@pytest.mark.parametrize(("text", "code"), SAID)
def test_the_category_is_guessed_from_what_people_say(text: str, code: str) -> None:
    assert guess(CATEGORIES, text)[0] == code


@pytest.mark.parametrize("text", ["", "   ", "здравствуйте", "сәлеметсіз бе", "\x00", "a" * 10_000])
def test_text_that_says_nothing_guesses_nothing(text: str) -> None:
    assert guess(CATEGORIES, text) == []


def test_a_short_word_must_be_the_whole_word() -> None:
    water = category("water", ("су",))

    assert guess((water,), "су жоқ") == ["water"]
    assert guess((water,), "суббота") == []


def test_all_beginnings_of_an_entry_must_occur() -> None:
    hot = category("hot", ("нет горяч",))

    assert guess((hot,), "горячая вода") == []
    assert guess((hot,), "горячей воды сегодня нет") == ["hot"]


def test_of_equals_the_more_urgent_comes_first_then_the_order_of_the_catalogue() -> None:
    last, first, urgent = (
        category("last", ("вода",), position=2),
        category("first", ("вода",), position=1),
        category("urgent", ("вода",), priority=1, position=3),
    )

    assert guess((last, first, urgent), "вода") == ["urgent", "first", "last"]


def test_a_long_run_of_accents_does_not_hold_up_the_guess() -> None:
    begun = time.perf_counter()

    assert guess(CATEGORIES, "нет воды a" + "\u0301\u0316" * 500_000) == guess(CATEGORIES, "нет воды")
    assert time.perf_counter() - begun < 1
