"""Letters that only look right: a Latin «i» in a Kazakh word, a Cyrillic «а» in a slug."""

import re
import unicodedata
from itertools import pairwise

_WORD = re.compile(r"[^\W\d_]+")


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]


def look_alike(text: str, language: str) -> str:
    """Why `text` cannot be meant so: a word of mixed alphabets, Cyrillic in English. '' when it is fine."""
    for word in _WORD.findall(text):
        scripts = [_script(letter) for letter in word if not unicodedata.combining(letter)]
        for (before, after), letter in zip(pairwise(scripts), word[1:], strict=False):
            if before != after:
                return f"«{word}» mixes {before.title()} and {after.title()} letters at «{letter}»"
        if language == "en" and "CYRILLIC" in scripts:
            return f"«{word}» is not English: it has Cyrillic letters"
    return ""


def outside_ascii(text: str) -> str:
    """The first letter of `text` that is not ASCII, with its Unicode name; '' when there is none."""
    return next((f"«{c}» ({unicodedata.name(c, 'unnamed')})" for c in text if not c.isascii()), "")
