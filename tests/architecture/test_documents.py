"""What the documents say is true: the tree, the commands, the decisions. And nothing of this machine is in them."""

import re
from pathlib import Path

import pytest
from tests.architecture.conftest import PACKAGES, ROOT

TREE = re.compile(r"```tree\n(.*?)```", re.DOTALL)
LINE = re.compile(r"(?P<indent>(?:│   |    )*)(?:├── |└── )(?P<path>\S+/?)(?:\s+(?P<words>.+))?$")
TARGETS = (
    "run", "up", "down", "status", "env", "token", "tenants", "test", "check", "bench", "prove", "logs", "clean",
    "help",
)  # fmt: skip
COMMAND = re.compile(r"\bmake (?:-s )?([a-z][a-z-]*)")

# Registries and folders of a builder's machine have no place in the project.
ELSEWHERE = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.(?:org|com)|repo1?\.maven|maven\.org|deb\.debian\.org"
    r"|(?<![\w.])/work/|(?<![\w.])/root/|(?<![\w.])/home/\w+/|/brief/"
)


def drawn() -> dict[str, str]:
    """Path → explanation of the tree in docs/architecture.md."""
    found = TREE.search((ROOT / "docs/architecture.md").read_text("utf-8"))
    assert found, "docs/architecture.md has no ```tree block"
    paths: dict[str, str] = {}
    above: list[str] = []
    for line in found[1].splitlines():
        parts = LINE.match(line)
        assert parts, f"not a line of a tree: {line!r}"
        depth = len(parts["indent"]) // 4
        above = [*above[:depth], parts["path"].rstrip("/")]
        paths["/".join(above)] = parts["words"] or ""
    return paths


def folders(files: list[Path]) -> set[str]:
    """What must be drawn: every top-level folder, every package, and the folders of packages that hold code."""
    top = {file.parts[0] for file in files if len(file.parts) > 1 and not file.parts[0].startswith(".")}
    packages = {str(package.relative_to(ROOT)) for package in PACKAGES} - {"infra/local/stack109"}
    deep = {
        str(file.parent)
        for file in files
        if file.name == "__init__.py" and packages & set(map(str, file.parents))
    }
    return top | packages | deep


def test_the_drawn_tree_is_the_tree_on_disk(files: list[Path]) -> None:
    tree = drawn()
    there = {str(parent) for file in files for parent in file.parents} | {str(file) for file in files}

    assert {path for path in tree if path not in there} == set(), "drawn, not there"
    assert folders(files) - tree.keys() == set(), "there, not drawn"


def test_the_drawn_tree_explains_every_line() -> None:
    assert [path for path, words in drawn().items() if not words.strip()] == []


def test_the_makefile_has_every_documented_command() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):.*?## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(TARGETS) <= set(targets)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs"])
def test_commands_that_documents_name_exist(document: str, files: list[Path]) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = [file for file in files if file.suffix == ".md" and document in {str(file), file.parts[0]}]
    assert told
    for file in told:
        for code in re.findall(r"`[^`\n]+`|```.*?```", (ROOT / file).read_text("utf-8"), re.DOTALL):
            assert set(COMMAND.findall(code)) <= targets, file


def test_decisions_are_short_and_complete(files: list[Path]) -> None:
    decisions = [file for file in files if file.parts[:2] == ("docs", "decisions")]
    numbers = [int(file.name[:4]) for file in decisions]
    assert numbers == list(range(1, len(numbers) + 1))
    for file in decisions:
        text = (ROOT / file).read_text("utf-8").lower()
        assert [word for word in ("context", "decision", "consequence") if word not in text] == [], file
        assert len(text.splitlines()) <= 60, file


def test_links_between_documents_lead_somewhere(files: list[Path]) -> None:
    broken = []
    for file in files:
        if file.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)#\s]+)", (ROOT / file).read_text("utf-8")):
            if "://" not in target and not (ROOT / file.parent / target).exists():
                broken.append(f"{file} → {target}")
    assert broken == []


def test_no_file_names_a_registry_or_a_folder_of_this_machine(files: list[Path]) -> None:
    found = []
    for file in files:
        content = (ROOT / file).read_bytes()
        if b"\0" in content or file == Path("tests/architecture/test_documents.py"):
            continue
        for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
            if ELSEWHERE.search(line):
                found.append(f"{file}:{number}: {line.strip()[:100]}")
    assert found == []


def test_no_secret_and_no_boundary_data_is_in_the_project(files: list[Path]) -> None:
    assert [str(file) for file in files if file.suffix in {".geojson", ".pem", ".key", ".env"}] == []
