import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from chassis109.kernel.folding import FOLD_FROM, FOLD_TO, fold, folded_words


def test_kazakh_letters_are_as_typed_on_a_russian_keyboard() -> None:
    assert fold("Қызылжар өңірі, Үй-жай: Ғабит ЁЛКА һәм Ұя") == "кызылжар онири, уй-жай: габит елка хам уя"


def test_each_folded_letter_has_one_partner() -> None:
    assert len(FOLD_FROM) == len(FOLD_TO) == len(set(FOLD_FROM))


def test_words_come_without_punctuation() -> None:
    assert folded_words("Су жоқ!! Абая, 12-үй") == ["су", "жок", "абая", "12", "уй"]


@given(text=st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)

    assert fold(once) == once


@given(text=st.text("әғқңөұүһіёйи \u0306"))
def test_composed_and_decomposed_letters_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
