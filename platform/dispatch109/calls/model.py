"""What an address says, whichever way it is written. Pure."""

from chassis109.kernel.folding import folded_words

MOST_WORDS = 6
_STEM_LETTERS = 4
_ENDING_LETTERS = 2
# What people add or leave out: it does not tell one place from another. A flat's number ends the address.
_KINDS = frozenset(["улица", "кошеси", "проспект", "дангылы", "переулок", "микрорайон", "дом", "уй"])
_FLAT = frozenset(["кв", "квартира", "патер", "пат"])


def place_patterns(address: str) -> list[str]:
    """Regular expressions that the folded text of a ticket at this address matches, every one; [] while
    nothing is named. Names count without their endings (Жұмабаев, Жумабаева), numbers whole."""
    names, numbers = [], []
    for word in folded_words(address):
        if word in _FLAT:
            break
        if word[0].isdigit():
            numbers.append(rf"\m{word}\M")
        elif len(word) >= _STEM_LETTERS and word not in _KINDS:
            stem = word[: max(_STEM_LETTERS, len(word) - _ENDING_LETTERS)]
            names.append(rf"\m{stem}")
    return [*names, *numbers][:MOST_WORDS] if names else []
