"""What callers say and operators write, from texts.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

MOBILE = ("700", "701", "702", "705", "707", "708", "747", "771", "775", "776", "777", "778")


@dataclass(frozen=True)
class Texts:
    """The templates, read once by the command."""

    known: dict[str, Any]

    @classmethod
    def read(cls) -> "Texts":
        """From the file beside this module."""
        return cls(tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8")))

    def complaint(self, random: Random, category: str, language: str) -> str:
        """What is wrong, in the caller's words."""
        said = self.known["said"].get(category, self.known["said"]["other"])
        since = random.choice(self.known["since"][language])
        return str(random.choice(said[language]).format(since=since))

    def question(self, random: Random, language: str) -> str:
        """What a consultation was about."""
        return str(random.choice(self.known["asked"][language]))

    def note(self, random: Random, step: str, language: str) -> str:
        """What a person notes at a step of a ticket."""
        return str(random.choice(self.known["note"][step][language]))

    def name(self, random: Random) -> str:
        """A caller's name."""
        woman = random.random() < 0.62
        family, ending = random.choice(self.known["people"]["families"])
        given = random.choice(self.known["people"]["women" if woman else "men"])
        return f"{given} {family}{ending if woman else ''}"

    def landmarks(self) -> dict[str, list[str]]:
        """Landmarks by language."""
        known: dict[str, list[str]] = self.known["landmark"]
        return known

    def streets(self, slug: str) -> list[list[str]]:
        """The streets of a tenant's centre, each as [ru, kk]."""
        streets: dict[str, list[list[str]]] = self.known["streets"]
        return streets.get(slug, streets["*"])


def phone(random: Random) -> str:
    """A mobile number of Kazakhstan in E.164."""
    return f"+7{random.choice(MOBILE)}{random.randrange(2_000_000, 10_000_000)}"
