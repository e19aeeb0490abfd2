"""Makes a root of tenants in a temporary folder: small, right, and easy to spoil."""

from pathlib import Path

from tenancy109 import registry
from tenancy109.model import TenantFolder
from tenancy109.reading import Problem

TENANT = """\
id = {id}
slug = "{slug}"
kind = "district"
active = true
names = {{ kk = "Есіл ауданы", ru = "Есильский район", en = "Esil District" }}
centre_names = {{ kk = "Явленка", ru = "Явленка", en = "Yavlenka" }}
lon = {lon}
lat = 54.3
kato = "59{id:02}"
dial_code = "71543"
population = 20_519
duty_phones = {{ 101 = "+77154320101", 102 = "+77154320102", 103 = "+77154320103", 112 = "+77154320112" }}

[[zone]]
code = "centre"
names = {{ kk = "Орталық", ru = "Центр", en = "Centre" }}
radius_km = 5
"""

SHARED = """\
[[group]]
code = "water"
names = { kk = "Су", ru = "Вода", en = "Water" }

[[category]]
code = "no-water"
group = "water"
names = { kk = "Су жоқ", ru = "Нет воды", en = "No water" }
words.ru = ["нет воды"]
words.kk = ["су жоқ"]
reaction_seconds = 900
resolution_seconds = 7200
pause_allowed = false
priority = 1

[[category]]
code = "leak"
group = "water"
names = { kk = "Су ағып тұр", ru = "Течь", en = "Leak" }
words.ru = ["течёт"]
words.kk = ["ағып"]
reaction_seconds = 900
resolution_seconds = 7200
pause_allowed = true
priority = 2
"""

CATEGORIES = 'extends = "_shared"\n'

SERVICES = """\
[[service]]
code = "water"
kind = "utility"
names = { kk = "Су арнасы", ru = "Водоканал", en = "Water utility" }
phone = "+77154321234"
serves = ["no-water", "leak"]

[[service]]
code = "night"
kind = "contractor"
names = { kk = "Түнгі қызмет", ru = "Ночная служба", en = "Night service" }
phone = "+77154321235"
serves = [
    "leak@centre",
]
"""


def make(root: Path, slug: str = "esil", number: int = 1) -> Path:
    """A right tenant under `root` (with the shared catalogue); its folder."""
    folder = root / slug
    folder.mkdir(parents=True)
    (root / "_shared").mkdir(exist_ok=True)
    (root / "_shared" / "categories.toml").write_text(SHARED)
    (folder / "tenant.toml").write_text(TENANT.format(id=number, slug=slug, lon=68.0 + number / 10))
    (folder / "categories.toml").write_text(CATEGORIES)
    (folder / "services.toml").write_text(SERVICES)
    return folder


def spoil(file: Path, good: str, bad: str) -> None:
    """Replace one piece of a file that must be there."""
    text = file.read_text()
    assert good in text, f"{good!r} is not in {file.name}"
    file.write_text(text.replace(good, bad, 1))


def loaded(root: Path) -> dict[str, TenantFolder]:
    """The registry of `root`."""
    return registry.load(root)


def problems(root: Path) -> list[Problem]:
    """What the registry refuses under `root`."""
    try:
        registry.load(root)
    except registry.RegistryRefused as refused:
        return refused.problems
    return []
