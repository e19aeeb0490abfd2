"""Kazakh as it is typed on a Russian keyboard: letters that only one of the two layouts has become the same.

Search and guessing compare folded text, so that "қызылжар", "кызылжар" and "Қызылжар" are one word.
"""

import re
import unicodedata

# For SQL as well: translate(lower(text), FOLD_FROM, FOLD_TO) equals fold() of NFC text with single blanks.
FOLD_FROM = "әғқңөұүһіё"
FOLD_TO = "агкноуухие"

_FOLD = str.maketrans(FOLD_FROM, FOLD_TO)
_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """Lower case, Kazakh letters and ё as the Russian letters typed in their place, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).lower().translate(_FOLD).split())


def folded_words(text: str) -> list[str]:
    """The words of the folded text, in order, without punctuation."""
    return _WORD.findall(fold(text))
