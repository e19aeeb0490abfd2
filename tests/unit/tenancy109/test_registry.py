from pathlib import Path

import pytest
from tests.unit.tenancy109.folders import CATEGORIES, SERVICES, loaded, make, problems, spoil

from tenancy109 import registry
from tenancy109.model import Route

TENANTS = Path(__file__).parents[3] / "tenants"


def test_a_right_folder_is_read_whole(tmp_path: Path) -> None:
    make(tmp_path)

    folder = loaded(tmp_path)["esil"]

    assert folder.tenant.id == 1
    assert folder.tenant.centre == (68.1, 54.3)
    assert folder.tenant.duty_phones["112"] == "+77154320112"
    assert [c.code for c in folder.catalogue.categories] == ["no-water", "leak"]
    assert folder.catalogue.categories[0].group_names["en"] == "Water"
    assert folder.catalogue.zones[0].centre == folder.tenant.centre
    assert folder.catalogue.routes == (
        Route(category="no-water", place="*", service="water"),
        Route(category="leak", place="*", service="water"),
        Route(category="leak", place="centre", service="night"),
    )


# file, what is there, what stands there instead, the line, what the reason says
MISTAKES = [
    ("tenant.toml", "id = 1", "id = 0", 1, "`id` must be from 1 to 32767, not 0"),
    ("tenant.toml", "id = 1", "id = true", 1, "`id` must be a whole number"),
    ("tenant.toml", "id = 1", 'id = "1"', 1, "`id` must be a whole number"),
    ("tenant.toml", "id = 1", "id =", 1, "not TOML: Invalid value"),
    ("tenant.toml", 'slug = "esil"', 'slug = "Esil"', 2, "`slug` must be small Latin letters"),
    ("tenant.toml", 'slug = "esil"', 'slug = "еsil"', 2, "«е» (CYRILLIC SMALL LETTER IE)"),
    ("tenant.toml", 'slug = "esil"', 'slug = "esil2"', 2, "the folder is called «esil»"),
    ("tenant.toml", '"district"', '"village"', 3, "`kind` must be city or district, not «village»"),
    ("tenant.toml", "active = true\n", "", 1, "`active` is missing"),
    ("tenant.toml", 'en = "Esil District"', 'de = "Kreis"', 5, "`names` has no en"),
    ("tenant.toml", 'en = "Esil District"', 'de = "Kreis"', 5, "`names` has the unknown language de"),
    ("tenant.toml", "Esil District", "", 5, "`names.en` is empty"),
    ("tenant.toml", "Esil District", "Есиль", 5, "«Есиль» is not English"),
    ("tenant.toml", "Есіл", "Есiл", 5, "«Есiл» mixes Cyrillic and Latin letters at «i»"),
    ("tenant.toml", "lat = 54.3", "lat = 68.1", 7, "68.1 east, 68.1 north is outside Kazakhstan"),
    ("tenant.toml", "lat = 54.3", "lat = nan", 7, "is outside Kazakhstan"),
    ("tenant.toml", 'kato = "5901"', 'kato = "59"', 9, "`kato` must be the four digits"),
    ("tenant.toml", '"71543"', '"81543"', 10, "`dial_code` must be four or five digits, 7 first"),
    ("tenant.toml", "20_519", "-1", 11, "`population` must be from 0 to"),
    ("tenant.toml", '"+77154320101"', '"8 715 43 20101"', 12, "`duty_phones.101` must be +7 and ten digits"),
    ("tenant.toml", "112 =", "911 =", 12, "`duty_phones` must have exactly 101, 102, 103, 112"),
    ("tenant.toml", "population", "populaton = 1\npopulation", 11, "unknown key `populaton`"),
    ("tenant.toml", "radius_km = 5", "radius_km = 0", 17, "`radius_km` must be above 0"),
    ("tenant.toml", "radius_km = 5", "radius_km = 5\nradius = 6", 18, "unknown key `radius`"),
    ("tenant.toml", "[[zone]]", "[zone]", 14, "`zone` must be written as [[zone]] tables"),
    ("services.toml", '"utility"', '"office"', 3, "`kind` must be utility or contractor"),
    ("services.toml", '"+77154321234"', '"112"', 5, "`phone` must be +7 and ten digits, not «112»"),
    ("services.toml", '["no-water", "leak"]', '["no-water", "leek"]', 6, "unknown category «leek»"),
    (
        "services.toml",
        '["no-water", "leak"]',
        '["no-water"]',
        1,
        "no service serves the category «leak» everywhere",
    ),
    ("services.toml", '"leak@centre"', '"leak@center"', 14, "unknown zone «center»"),
    ("services.toml", '"leak@centre"', '"leak"', 14, "«leak» is served by «water» already"),
    ("services.toml", 'code = "night"', 'code = "water"', 9, "two service tables are called «water»"),
    ("services.toml", '["no-water", "leak"]', '"no-water"', 6, '`serves` must be a list of "category"'),
    ("services.toml", "[[service]]", "x = 1\n[[service]]", 1, "unknown key `x`"),
    ("categories.toml", "_shared", "_nowhere", 1, "the file is missing"),
    (
        "categories.toml",
        "_shared",
        "../_shared",
        1,
        "`extends` must be the name of a folder that begins with _",
    ),
    ("categories.toml", "extends", "extend", 1, "unknown key `extend`"),
    ("../_shared/categories.toml", 'group = "water"', 'group = "air"', 7, "`group` must be water, not «air»"),
    (
        "../_shared/categories.toml",
        "reaction_seconds = 900",
        "reaction_seconds = -9",
        11,
        "from 60 to 7776000",
    ),
    ("../_shared/categories.toml", "resolution_seconds = 7200", "resolution_seconds = 5", 12, "from 900 to"),
    (
        "../_shared/categories.toml",
        "priority = 1",
        "priority = 4",
        14,
        "`priority` must be from 1 to 3, not 4",
    ),
    ("../_shared/categories.toml", "pause_allowed = false", "pause_allowed = 0", 13, "must be true or false"),
    ("../_shared/categories.toml", 'words.kk = ["су жоқ"]', 'words.en = ["x"]', 9, "exactly kk and ru"),
    ("../_shared/categories.toml", '["су жоқ"]', '"су жоқ"', 9, "`words.kk` must be a list of text"),
]


@pytest.mark.parametrize(("file", "good", "bad", "line", "reason"), MISTAKES, ids=[m[4] for m in MISTAKES])
def test_a_mistake_is_refused_with_file_line_and_reason(
    tmp_path: Path, file: str, good: str, bad: str, line: int, reason: str
) -> None:
    folder = make(tmp_path)
    spoil(folder / file, good, bad)

    found = problems(tmp_path)

    said = [(problem.line, problem.reason) for problem in found]
    assert any(at == line and reason in text for at, text in said), said


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    first, second = make(tmp_path, "esil", 1), make(tmp_path, "aiyrtau", 2)
    spoil(first / "tenant.toml", "population = 20_519\n", "")
    spoil(first / "services.toml", '"utility"', '"office"')
    spoil(second / "categories.toml", CATEGORIES, "")

    told = {problem.file for problem in problems(tmp_path)}

    assert told == {"esil/tenant.toml", "esil/services.toml", "aiyrtau/services.toml"}


def test_number_code_and_centre_are_each_tenants_own(tmp_path: Path) -> None:
    make(tmp_path, "aiyrtau", 1)
    make(tmp_path, "esil", 1)

    said = [str(problem) for problem in problems(tmp_path)]

    assert said == [
        "esil/tenant.toml:1: `id` is that of «aiyrtau»",
        "esil/tenant.toml:7: the centre is that of «aiyrtau»",
        "esil/tenant.toml:9: `kato` is that of «aiyrtau»",
    ]


def test_a_missing_file_and_a_foreign_encoding_are_told(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (folder / "tenant.toml").unlink()
    (folder / "services.toml").write_bytes(SERVICES.encode("cp1251", "replace"))

    said = [str(problem) for problem in problems(tmp_path)]

    assert "esil/tenant.toml:1: the file is missing" in said
    assert "esil/services.toml:1: the file is not UTF-8" in said


def test_a_root_without_tenants_is_refused(tmp_path: Path) -> None:
    with pytest.raises(registry.RegistryRefused, match="there is no tenant here"):
        loaded(tmp_path / "nowhere")


def test_a_tenant_changes_takes_away_and_adds_categories(tmp_path: Path) -> None:
    folder = make(tmp_path)
    (folder / "categories.toml").write_text(
        CATEGORIES + '[[category]]\ncode = "leak"\nactive = false\n'
        '[[category]]\ncode = "no-water"\nresolution_seconds = 9000\n'
        '[[category]]\ncode = "ice"\ngroup = "water"\nnames = { kk = "Мұз", ru = "Лёд", en = "Ice" }\n'
        "words.kk = []\nwords.ru = []\nreaction_seconds = 60\nresolution_seconds = 60\npause_allowed = true\n"
        "priority = 3\n"
    )
    (folder / "services.toml").write_text(SERVICES.partition('[[service]]\ncode = "night"')[0])
    spoil(folder / "services.toml", '"leak"', '"ice"')

    categories = loaded(tmp_path)["esil"].catalogue.categories

    assert [(c.code, c.resolution_seconds, c.pause_allowed) for c in categories] == [
        ("no-water", 9000, False),
        ("ice", 60, True),
    ]


def test_the_fourteen_tenants_of_the_region_are_right() -> None:
    folders = loaded(TENANTS)

    assert [folder.tenant.id for folder in folders.values()] == list(range(1, 15))
    assert next(iter(folders)) == "petropavl"
    assert sum(folder.tenant.population for folder in folders.values()) == 522_171
    for folder in folders.values():
        assert len(folder.catalogue.categories) >= 24
        assert len({category.group for category in folder.catalogue.categories}) >= 6
        assert len(folder.catalogue.services) >= 8


def _copied_template(root: Path) -> Path:
    for source, target in (("_template", "newplace"), ("_shared", "_shared")):
        (root / target).mkdir()
        for file in (TENANTS / source).iterdir():
            (root / target / file.name).write_text(file.read_text())
    return root / "newplace"


def test_a_copied_template_lists_what_is_left_to_fill_in(tmp_path: Path) -> None:
    _copied_template(tmp_path)

    quoted = {
        problem.reason.split("`")[1].split(".")[0] for problem in problems(tmp_path) if "`" in problem.reason
    }

    assert quoted == {"id", "slug", "names", "centre_names", "kato", "dial_code", "duty_phones", "phone"}


def test_a_template_that_is_filled_in_is_right(tmp_path: Path) -> None:
    folder = _copied_template(tmp_path)
    blanks = {
        "id = 0": "id = 15",
        'slug = ""': 'slug = "newplace"',
        'kk = "", ru = "", en = ""': 'kk = "Жаңа", ru = "Новый", en = "New"',
        "lon = 0.0": "lon = 68.0",
        "lat = 0.0": "lat = 54.0",
        'kato = ""': 'kato = "5999"',
        'dial_code = ""': 'dial_code = "71599"',
        'phone = ""': 'phone = "+77159921234"',
        **{f'{number} = ""': f'{number} = "+77159921234"' for number in (101, 102, 103, 112)},
    }
    for file in folder.iterdir():
        text = file.read_text()
        for blank, filled in blanks.items():
            text = text.replace(blank, filled)
        file.write_text(text)

    assert problems(tmp_path) == []
