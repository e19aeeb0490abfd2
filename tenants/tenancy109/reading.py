"""Reading TOML so that every mistake is told with its file and line, and all mistakes at once."""

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import Struct

from tenancy109.alphabets import look_alike
from tenancy109.model import LANGUAGES, Names

Table = dict[str, Any]

LONGEST_TEXT = 200
_HEADER = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*[.=]""")
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class Problem(Struct, frozen=True, order=True):
    """A mistake in a tenant's file; prints as `file:line: reason`."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Source:
    """One TOML file: its content, and the line on which each table and key stands."""

    def __init__(self, path: Path, name: str, problems: list[Problem]) -> None:
        self.name = name
        self._problems = problems
        self._lines: list[str] = []
        self._places: dict[tuple[str, int, str], int] = {}
        self.content: Table = {}
        try:
            text = path.read_text(encoding="utf-8")
            self._lines = text.splitlines()
            self._places = _places(self._lines)
            self.content = tomllib.loads(text)
        except FileNotFoundError:
            self.refuse(1, "the file is missing")
        except UnicodeDecodeError:
            self.refuse(1, "the file is not UTF-8")
        except tomllib.TOMLDecodeError as error:
            at = _TOML_LINE.search(str(error))
            self.refuse(int(at[1]) if at else 1, f"not TOML: {_TOML_LINE.sub('', str(error))}")

    def refuse(self, line: int, reason: str) -> None:
        """Note a mistake."""
        self._problems.append(Problem(self.name, line, reason))

    def line(self, header: str, index: int, key: str = "", value: str = "") -> int:
        """Where the `index`-th table called `header` stands, a key of it, or a value below that key."""
        candidates = ((header, index, key), (key, 0, ""), (header, index, ""))
        start = next((self._places[place] for place in candidates if place in self._places), 1)
        if value:
            below = enumerate(self._lines[start - 1 :], start)
            return next((number for number, line in below if f'"{value}"' in line), start)
        return start

    def top(self) -> "Section":
        """The keys above the first table."""
        return Section(self, "", 0, self.content)

    def tables(self, header: str) -> list["Section"]:
        """The tables `[[header]]` in order; anything else under that name is refused."""
        found = self.content.get(header, [])
        if not isinstance(found, list) or not all(isinstance(table, dict) for table in found):
            self.refuse(self.line(header, 0), f"`{header}` must be written as [[{header}]] tables")
            return []
        return [Section(self, header, index, table) for index, table in enumerate(found)]


def _places(lines: list[str]) -> dict[tuple[str, int, str], int]:
    places: dict[tuple[str, int, str], int] = {}
    seen: Counter[str] = Counter()
    header, index = "", 0
    for number, line in enumerate(lines, 1):
        if found := _HEADER.match(line):
            header = found[1]
            index = seen[header]
            seen[header] += 1
            places[header, index, ""] = number
        elif found := _KEY.match(line):
            places.setdefault((header, index, found[1]), number)
    return places


class Section:
    """One table. Each getter checks a key and gives a harmless value when it had to refuse."""

    def __init__(self, source: Source, header: str, index: int, table: Table) -> None:
        self.source, self.header, self.index, self.table = source, header, index, table
        self._asked: set[str] = set()

    def refuse(self, key: str, reason: str, value: str = "") -> None:
        """Note a mistake at `key` of this table (at `value` of a list)."""
        self.source.refuse(self.source.line(self.header, self.index, key, value), reason)

    def done(self) -> None:
        """Refuse the keys that nobody asked for."""
        for key in self.table.keys() - self._asked:
            self.refuse(key, f"unknown key `{key}`")

    def knows(self, key: str) -> None:
        """Somebody else reads `key`, or it may be absent."""
        self._asked.add(key)

    def get(self, key: str, kind: type | tuple[type, ...], meaning: str) -> Any:  # noqa: ANN401 - as `kind` says
        """The value of `key` when it is there and of that kind, else None and a mistake."""
        self._asked.add(key)
        if key not in self.table:
            self.refuse("", f"`{key}` is missing")
            return None
        value = self.table[key]
        # bool is an int to Python, but `id = true` is no number to anybody.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.refuse(key, f"`{key}` must be {meaning}")
            return None
        return value

    def text(self, key: str, pattern: str = r".+", meaning: str = "text") -> str:
        """A string that matches `pattern` as a whole."""
        value = self.get(key, str, meaning)
        if value is not None and not re.fullmatch(pattern, value):
            self.refuse(key, f"`{key}` must be {meaning}, not «{value}»")
            return ""
        return value or ""

    def whole(self, key: str, least: int, most: int) -> int:
        """A whole number within bounds; `least` when refused."""
        value = self.get(key, int, "a whole number")
        if value is not None and not least <= value <= most:
            self.refuse(key, f"`{key}` must be from {least} to {most}, not {value}")
            return least
        return least if value is None else int(value)

    def flag(self, key: str) -> bool:
        """true or false."""
        return bool(self.get(key, bool, "true or false"))

    def names(self, key: str) -> Names:
        """The same name in all languages, in the letters of each."""
        value = self.get(key, dict, "a table of kk, ru and en")
        if value is None:
            return {}
        for language in value.keys() ^ set(LANGUAGES):
            what = "has no" if language in LANGUAGES else "has the unknown language"
            self.refuse(key, f"`{key}` {what} {language}")
        for language in LANGUAGES:
            self._spelled(key, value.get(language, "-"), language)
        return {language: str(value.get(language, "")) for language in LANGUAGES}

    def phrases(self, key: str, languages: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Lists of phrases by language."""
        value = self.get(key, dict, f"a table of {' and '.join(languages)}")
        if value is None:
            return {}
        if value.keys() != set(languages):
            self.refuse(key, f"`{key}` must have exactly {' and '.join(languages)}")
        lists = {language: value.get(language, []) for language in languages}
        for language, phrases in lists.items():
            if not isinstance(phrases, list):
                self.refuse(key, f"`{key}.{language}` must be a list of text")
                lists[language] = []
                continue
            for phrase in phrases:
                self._spelled(key, phrase, language)
        return {language: tuple(map(str, phrases)) for language, phrases in lists.items()}

    def _spelled(self, key: str, value: object, language: str) -> None:
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            self.refuse(key, f"`{key}.{language}` must be text of at most {LONGEST_TEXT} letters")
        elif not value.strip():
            self.refuse(key, f"`{key}.{language}` is empty")
        elif reason := look_alike(value, language):
            self.refuse(key, f"`{key}.{language}`: {reason}", value)
