"""Catalogues: merging, plurals, the choice of a language."""

from pathlib import Path

import pytest

from ui109 import i18n

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


def _catalogue(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(HEADER + f'msgid "Close"\nmsgstr "{text}"\n', encoding="utf-8")
    return file


def test_an_english_sentence_is_its_own_translation() -> None:
    assert i18n.translate("Undo", "en") == "Undo"


def test_a_sentence_is_translated_and_filled_in() -> None:
    shown = i18n.translate("Point chosen: {lat}, {lon}", "ru", lat="54.87", lon="69.14")

    assert shown == "Выбрана точка: 54.87, 69.14"


def test_a_missing_parameter_stays_visible_and_does_not_break_the_page() -> None:
    assert i18n.translate("Point chosen: {lat}, {lon}", "en", lat="54.87") == "Point chosen: 54.87, {lon}"


def test_braces_typed_by_a_person_are_not_read_as_placeholders() -> None:
    assert (
        i18n.translate("Point chosen: {lat}, {lon}", "en", lat="{lon}", lon="1") == "Point chosen: {lon}, 1"
    )


def test_the_empty_message_is_empty_and_not_the_catalogue_header() -> None:
    assert i18n.translate("", "ru") == ""


def test_an_unknown_language_is_kazakh() -> None:
    assert i18n.translate("Close", "de") == "Жабу"


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (1, "1 час назад"), (2, "2 часа назад"), (5, "5 часов назад"),
        (11, "11 часов назад"), (21, "21 час назад"), (0, "0 часов назад"),
    ],
)  # fmt: skip
def test_russian_has_three_plural_forms(n: int, shown: str) -> None:
    assert i18n.ngettext("{n} hour ago", "{n} hours ago", n, "ru") == shown


def test_kazakh_plural_forms_are_written_alike() -> None:
    shown = [i18n.ngettext("{n} hour ago", "{n} hours ago", n, "kk") for n in (1, 2)]

    assert shown == ["1 сағат бұрын", "2 сағат бұрын"]


def test_english_has_two_plural_forms() -> None:
    shown = [i18n.ngettext("{n} hour ago", "{n} hours ago", n, "en") for n in (1, 2)]

    assert shown == ["1 hour ago", "2 hours ago"]


def test_files_of_one_language_are_merged_and_may_repeat_the_same_translation(tmp_path: Path) -> None:
    files = [_catalogue(tmp_path, "a.po", "Жабу"), _catalogue(tmp_path, "b.po", "Жабу")]

    message = i18n.merged(files, "kk").get("Close")

    assert message is not None
    assert message.string == "Жабу"


def test_two_translations_of_one_message_are_refused_naming_the_file(tmp_path: Path) -> None:
    files = [_catalogue(tmp_path, "a.po", "Жабу"), _catalogue(tmp_path, "b.po", "Бітіру")]

    with pytest.raises(i18n.CatalogueConflict, match=r"b\.po: 'Close'"):
        i18n.merged(files, "kk")


@pytest.mark.parametrize(
    ("cookie", "profile", "header", "chosen"),
    [
        ("en", "ru", "kk", "en"),
        (None, "ru", "en", "ru"),
        (None, None, "en-GB,en;q=0.9,ru;q=0.8", "en"),
        (None, None, "de,en;q=0.5,ru;q=0.9", "ru"),
        (None, None, "ru;q=0", "kk"),
        (None, None, ";;q=x,,,", "kk"),
        ("tlh", "xx", None, "kk"),
    ],
)
def test_the_language_is_the_switch_then_the_profile_then_the_browser_then_kazakh(
    cookie: str | None, profile: str | None, header: str | None, chosen: str
) -> None:
    assert i18n.choose(cookie, profile, header) == chosen
