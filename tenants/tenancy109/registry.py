"""The tenants as their folders say: read whole, or refused with every mistake's file, line and reason."""

from itertools import combinations
from pathlib import Path

from tenancy109 import folder
from tenancy109.model import TenantFolder
from tenancy109.reading import Problem, Source
from tenancy109.routing import distance_km

NEAREST_CENTRES_KM = 1.0  # closer centres are one place typed twice, and have no outlines


class RegistryRefused(Exception):
    """The folders cannot be used; `problems` says why, ordered by file and line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def load(root: Path) -> dict[str, TenantFolder]:
    """All tenants under `root` by slug, in the order of their ids.

    Folders whose name begins with _ or . are no tenants. Raises RegistryRefused.
    """
    problems: list[Problem] = []
    folders = {}
    for path in tenant_paths(root):
        folders[path.name] = folder.read(path, problems)
    if not folders:
        problems.append(Problem(str(root), 1, "there is no tenant here"))
    problems += _doubled(root, folders)
    if problems:
        raise RegistryRefused(problems)
    return dict(sorted(folders.items(), key=lambda item: item[1].tenant.id))


def tenant_paths(root: Path) -> list[Path]:
    """The folders of tenants: those that hold TOML (packages of code may live beside them)."""
    if not root.is_dir():
        return []
    named = (path for path in root.iterdir() if path.is_dir() and path.name[0] not in "_.")
    return sorted(path for path in named if any(path.glob("*.toml")))


def _doubled(root: Path, folders: dict[str, TenantFolder]) -> list[Problem]:
    """What must be different from tenant to tenant. (Slugs are: they equal the names of the folders.)"""
    problems: list[Problem] = []
    for (first, one), (second, two) in combinations(sorted(folders.items()), 2):
        a, b = one.tenant, two.tenant
        same = {
            "id": a.id == b.id,
            "kato": a.kato == b.kato != "",
            "lon": any(b.centre) and distance_km(a.centre, b.centre) < NEAREST_CENTRES_KM,
        }
        file = Source(root / second / "tenant.toml", f"{second}/tenant.toml", [])
        for key in (key for key, is_same in same.items() if is_same):
            what = "the centre" if key == "lon" else f"`{key}`"
            problems.append(Problem(file.name, file.line("", 0, key), f"{what} is that of «{first}»"))
    return problems
