"""What files there may be, how they are called and how long they are."""

import ast
import platform
import re
import sys
import uuid
from pathlib import Path

import pytest
from tests.architecture.conftest import PACKAGES, ROOT

MOST_LINES = 300
NAMELESS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "core",
    "base",
    "shared",
    "tools",
    "manager",
}
SOURCE_ROOTS = (
    "platform", "tenants", "auth", "integrations", "integrations/112", "infra", "infra/local", "docs", "tests",
)  # fmt: skip
SERVICES = ("platform/dispatch109", "platform/region109", "integrations/112/hub112")
# Lengths are not ours to choose: lock files, data, and what Keycloak exports. The contract is one file on purpose
# (docs/decisions/0014).
LONG = re.compile(
    r"(integrations/112/hub112/contract\.py|platform/region109/contract\.py|requirements\.lock|package-lock\.json|.*\.po|.*\.svg|auth/realms/.*|tenants/_shared/.*\.toml|.*\.geojson)$"
)

SLICE = {
    "__init__", "model", "messages", "tables", "repository", "service", "schemas", "routes", "pages", "handlers",
    "watchdog",
}  # fmt: skip
# A tenth file needs a decision record: docs/decisions says why each of these stands apart.
MORE_FILES = {
    "tickets": {"applicant", "origin", "place", "reading"},
    "referrals": {"arrivals", "reading", "sealing"},
    "queue": {"asked", "export"},
    "demo": {"__main__", "fate", "intake", "life", "places", "season", "texts"},
    "wall": {"asked", "drawing", "export", "ground", "telling"},
    "emergencies": {"bar", "board", "clocks", "forms", "reading", "returns", "said", "sweeps", "writing"},
    "desks": {"arrival", "reading", "transition"},
    "intake": {"beginning", "crossing"},
    "feed": {"statements"},
    "figures": {"asked", "drawing", "export", "telling"},
    "simulator": {"__main__", "behaviours", "desk", "line", "memory", "spoiling"},
}


def python(files: list[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".py"]


def test_no_file_is_longer_than_a_person_reads_at_once(files: list[Path]) -> None:
    suffixes = {".py", ".sql", ".html", ".css", ".js", ".mjs", ".md", ".toml", ".conf"}
    long = {
        str(file): lines
        for file in files
        if file.suffix in suffixes
        and not LONG.match(str(file))
        and (lines := len((ROOT / file).read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_half_of_the_files_fit_on_a_screen(files: list[Path]) -> None:
    lengths = sorted(
        len((ROOT / file).read_text("utf-8").splitlines())
        for file in python(files)
        if file.parts[0] != "tests" and file.name != "__init__.py" and not LONG.match(str(file))
    )
    assert lengths[len(lengths) // 2] <= 80
    assert lengths[int(len(lengths) * 0.95)] <= 250


def test_packages_say_nothing_when_they_are_imported(files: list[Path]) -> None:
    assert [
        str(file) for file in files if file.name == "__init__.py" and (ROOT / file).read_text() != ""
    ] == []


def test_no_file_or_folder_is_called_by_what_it_is_not(files: list[Path]) -> None:
    names = {part for file in python(files) for part in (*file.parts[:-1], file.stem)}
    assert names & NAMELESS == set()


def test_source_roots_are_no_packages(files: list[Path]) -> None:
    assert [root for root in SOURCE_ROOTS if Path(root, "__init__.py") in files] == []


def test_nothing_of_ours_is_called_like_the_standard_library(files: list[Path]) -> None:
    tops = {package.name for package in PACKAGES}
    at_root = {file.stem for file in files if len(file.parts) == 1 and file.suffix == ".py"}
    beside_scripts = {file.stem for file in files if file.parent in {Path("infra/local"), Path("infra/nats")}}

    assert (tops | at_root | beside_scripts) & sys.stdlib_module_names == set()


def test_platform_is_still_the_one_of_the_standard_library() -> None:
    assert platform.python_version()
    assert uuid.uuid4()


@pytest.mark.parametrize(
    "folder",
    [path.parent for service in SERVICES for path in sorted((ROOT / service).glob("*/__init__.py"))],
    ids=lambda path: f"{path.parent.name}.{path.name}",
)
def test_a_slice_has_the_files_that_every_slice_has(folder: Path) -> None:
    names = {file.stem for file in folder.glob("*.py")}

    assert names - SLICE - MORE_FILES.get(folder.name, set()) == set()
    assert {path.name for path in folder.iterdir() if path.is_dir()} <= {"templates", "__pycache__"}


def test_exceptions_from_the_slice_are_still_needed() -> None:
    for name, files in MORE_FILES.items():
        folders = [ROOT / service / name for service in SERVICES]
        there = {path.stem for folder in folders for path in folder.glob("*.py")}
        assert files - there == set(), name


@pytest.mark.parametrize("kind", ["routes", "pages", "handlers"])
def test_edges_end_with_the_list_of_what_they_offer(kind: str, files: list[Path]) -> None:
    wanted = {"routes": "ROUTES", "pages": "PAGES", "handlers": "HANDLERS"}[kind]
    for file in files:
        if file.name == f"{kind}.py" and file.as_posix().startswith(SERVICES):
            last = ast.parse((ROOT / file).read_text("utf-8")).body[-1]
            named = last.targets[0] if isinstance(last, ast.Assign) else getattr(last, "target", None)
            assert isinstance(named, ast.Name), f"{file} does not end with {wanted}"
            assert named.id == wanted, f"{file} does not end with {wanted}"


def test_handlers_are_read_with_their_real_types(files: list[Path]) -> None:
    """Litestar reads annotations at run time: lazy ones and imports for the type checker only break it."""
    for file in files:
        if file.name in {"routes.py", "pages.py"}:
            text = (ROOT / file).read_text("utf-8")
            assert "from __future__ import annotations" not in text, file
            assert "TYPE_CHECKING" not in text, file


def test_every_function_is_annotated_and_short(files: list[Path]) -> None:
    """Lines of code, docstring and comments left out; assembly of a process may be longer."""
    lengths = []
    for file in python(files):
        if file.parts[0] == "tests":
            continue
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths.append((_lines(node), f"{file}:{node.lineno} {node.name}"))
    lengths.sort()
    assert lengths[int(len(lengths) * 0.95)][0] <= 30
    assert [name for length, name in lengths if length > 75] == []


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_time_comes_from_the_clock(files: list[Path]) -> None:
    """`datetime.now` and `time.time` cannot be set by a test; monotonic time for timeouts is another matter."""
    asked = re.compile(r"datetime\.now\(|\butcnow\(|\btime\.time\(")
    places = [
        f"{file}:{number}"
        for file in python(files)
        if file.parts[0] in {"platform", "tenants", "auth", "integrations"} and file.name != "clock.py"
        for number, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), 1)
        if asked.search(line)
    ]
    assert places == []


def test_nothing_but_the_callback_closes_a_ticket(files: list[Path]) -> None:
    closing = [
        str(file)
        for file in python(files)
        if file.parts[0] == "platform" and re.search(r"\btickets\.close\(", (ROOT / file).read_text("utf-8"))
    ]
    assert closing == ["platform/dispatch109/callbacks/service.py"]
