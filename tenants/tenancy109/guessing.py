"""The category guessed from what the applicant says, in Russian or Kazakh, while the operator types."""

from functools import lru_cache

from chassis109.kernel.folding import folded_words
from tenancy109.model import Category

WHOLE_WORD_LETTERS = 3  # "су", "қар", "лёд": as a mere beginning they would match half of the dictionary
# The beginning of a very long text says enough; folding a long run of accents takes quadratic time.
WORDS_READ = 120
LETTERS_READ = 4000


def guess(categories: tuple[Category, ...], text: str) -> list[str]:
    """Codes of the categories that `text` speaks of, the likeliest first; empty when nothing fits.

    An entry of `words` fits when each of its beginnings begins a word of the text. The letters that fit are
    the score; of equals the more urgent category comes first, then the order of the catalogue.
    """
    said = frozenset(folded_words(text[:LETTERS_READ])[:WORDS_READ])
    scores = {category.code: _score(category, said) for category in categories}
    fitting = [category for category in categories if scores[category.code]]
    return [c.code for c in sorted(fitting, key=lambda c: (-scores[c.code], c.priority, c.position))]


def _score(category: Category, said: frozenset[str]) -> int:
    entries = [beginnings(entry) for spoken in category.words.values() for entry in spoken]
    return sum(sum(map(len, entry)) for entry in entries if all(_occurs(word, said) for word in entry))


def _occurs(beginning: str, said: frozenset[str]) -> bool:
    if len(beginning) <= WHOLE_WORD_LETTERS:
        return beginning in said
    return any(word.startswith(beginning) for word in said)


@lru_cache(maxsize=8192)
def beginnings(entry: str) -> tuple[str, ...]:
    """The folded beginnings of one entry of `words`."""
    return tuple(folded_words(entry))
