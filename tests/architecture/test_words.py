"""What the platform says: in three languages, without a hole."""

import re
from pathlib import Path

import pytest
from tests.architecture.conftest import PACKAGES, ROOT

from ui109 import extraction
from ui109.i18n import LOCALE, merged

# Characters that Kazakh has and Russian has not: a catalogue without them is a copy of the other.
KAZAKH = re.compile("[әғқңөұүһіӘҒҚҢӨҰҮҺІ]")
LANGUAGES = ("kk", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language: str) -> None:
    assert extraction.missing(language, PACKAGES[:-1]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_placeholders(language: str) -> None:
    assert extraction.unequal(language) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_stands_for_a_message_that_is_gone(language: str) -> None:
    assert extraction.unused(language, PACKAGES[:-1]) == []


def test_kazakh_is_kazakh() -> None:
    strings = [message.string for message in merged((LOCALE / "kk").glob("*.po"), "kk") if message.id]
    texts = [text for string in strings for text in (string if isinstance(string, tuple) else (string,))]
    assert len([text for text in texts if KAZAKH.search(text)]) > 0.8 * len(texts)


def test_templates_hold_no_words_of_their_own(files: list[Path]) -> None:
    """Cyrillic in a template is a sentence that cannot be translated."""
    cyrillic = re.compile("[А-Яа-яЁё]")
    found = [
        f"{file}:{number}"
        for file in files
        if file.suffix == ".html" and "templates" in file.parts
        for number, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), 1)
        if cyrillic.search(line)
    ]
    assert found == []
