"""Which messages the platform uses, and what its catalogues lack: the source of an architecture test.

Found are literal strings only: `_("…")`, `ngettext("…", "…", n)`, `translate("…", …)` and `mark("…")` in
Python and templates, the docstrings of `Refused` classes, and the messages of `FieldError` and `Form.refuse`.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Message
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from ui109.i18n import LOCALE, merged

Id = str | tuple[str, str]
_SINGLE = {"_", "gettext", "translate", "mark"}
_ROOT = "Refused"


def used(folders: Iterable[Path]) -> dict[Id, str]:
    """Every message id used under `folders` (packages), with the place of one use: `file:line`."""
    found: dict[Id, str] = {}
    trees: dict[Path, ast.Module] = {}
    for folder in folders:
        for file in sorted(folder.rglob("templates/**/*.html")):
            for line, message in _in_template(file.read_text("utf-8")):
                found.setdefault(message, f"{file}:{line}")
        for file in sorted(folder.rglob("*.py")):
            trees[file] = ast.parse(file.read_text("utf-8"))
    refusals = _refusals(trees.values())
    for file, tree in trees.items():
        for line, message in _in_python(tree, refusals):
            found.setdefault(message, f"{file}:{line}")
    return found


def missing(language: str, folders: Iterable[Path]) -> list[str]:
    """Messages without a translation into `language`, each with the place of its use."""
    if language == "en":
        return []
    catalogue = merged((LOCALE / language).glob("*.po"), language)
    return [
        f"{place}: {message!r}"
        for message, place in sorted(used(folders).items(), key=str)
        if not _translated(catalogue.get(message))
    ]


def unequal(language: str) -> list[str]:
    """Translations into `language` whose {placeholders} differ from those of the English sentence."""
    catalogue = merged((LOCALE / language).glob("*.po"), language)
    return [repr(message.id) for message in catalogue if message.id and not _same_placeholders(message)]


def unused(language: str, folders: Iterable[Path]) -> list[str]:
    """Catalogue entries that no source uses any more."""
    known = {id_[0] if isinstance(id_, tuple) else id_ for id_ in used(folders)}
    catalogue = merged((LOCALE / language).glob("*.po"), language)
    return [
        repr(message.id)
        for message in catalogue
        if message.id and (message.id[0] if isinstance(message.id, tuple) else message.id) not in known
    ]


def _in_template(source: str) -> Iterator[tuple[int, Id]]:
    tree = Environment(autoescape=True).parse(source)
    for line, function, found in extract_from_ast(tree, ("_", "ngettext"), babel_style=False):
        texts = found if isinstance(found, tuple) else (found,)
        if function == "_" and texts[0]:
            yield line, texts[0]
        elif function == "ngettext" and len(texts) > 1 and texts[0] and texts[1]:
            yield line, (texts[0], texts[1])


def _refusals(trees: Iterable[ast.Module]) -> set[str]:
    """Names of the classes that descend from Refused, in whatever module their parent stands."""
    parents: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                names = {ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases}
                parents.setdefault(node.name, set()).update(names)
    family = {_ROOT}
    while grown := {name for name, above in parents.items() if above & family} - family:
        family |= grown
    return family


def _in_python(tree: ast.Module, refusals: set[str]) -> Iterator[tuple[int, Id]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in refusals and (doc := ast.get_docstring(node)):
            yield node.lineno, " ".join(doc.split())
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, message) for message in _in_call(node))


def _in_call(call: ast.Call) -> Iterator[Id]:
    name = ast.unparse(call.func).rsplit(".", 1)[-1]
    texts = [arg.value if isinstance(arg, ast.Constant) else None for arg in call.args]
    if name in _SINGLE and texts and isinstance(texts[0], str):
        yield texts[0]
    elif name == "ngettext" and len(texts) > 1 and isinstance(texts[0], str) and isinstance(texts[1], str):
        yield texts[0], texts[1]
    elif name in {"FieldError", "refuse"}:
        named = {word.arg: word.value for word in call.keywords}
        value = call.args[2] if len(call.args) > 2 else named.get("message")
        yield from _constants(value)


def _constants(value: ast.expr | None) -> Iterator[str]:
    """The string, or both strings of a conditional expression."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _constants(value.body)
        yield from _constants(value.orelse)


def _translated(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def placeholders(text: str) -> set[str]:
    """The names in braces of a sentence."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _same_placeholders(message: Message) -> bool:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(placeholders(text or "") == placeholders(ids[-1]) for text in texts)
