"""The walker that finds every message and what the catalogues lack."""

from pathlib import Path

from ui109 import extraction

PYTHON = '''
class Refused(Exception):
    """Refused."""

class Late(Refused):
    """It is
    too late."""

class VeryLate(Late):
    """Far too late."""

class Plain:
    """Not a message."""

def rule(value):
    FieldError("phone", "required", "Fill in." if value else "Shorten.")
    FieldError(field="x", rule="y", message="Named.")
    return _("Marked"), mark("Kept"), i18n.ngettext("{n} ticket", "{n} tickets", 2, "ru"), _(value)
'''
TEMPLATE = '{{ _("Hello {name}", name=name) }}{{ ngettext("{n} call", "{n} calls", n) }}{{ _(advice) }}'


def test_every_kind_of_message_is_found(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text(PYTHON, encoding="utf-8")
    (tmp_path / "slice" / "templates").mkdir(parents=True)
    (tmp_path / "slice" / "templates" / "page.html").write_text(TEMPLATE, encoding="utf-8")

    found = set(extraction.used([tmp_path]))

    assert found == {
        "Refused.", "It is too late.", "Far too late.", "Fill in.", "Shorten.", "Named.", "Marked", "Kept",
        ("{n} ticket", "{n} tickets"), "Hello {name}", ("{n} call", "{n} calls"),
    }  # fmt: skip


def test_a_message_without_translation_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "rules.py").write_text('_("Close")\n_("Never translated")\n', encoding="utf-8")

    assert extraction.missing("ru", [tmp_path]) == [f"{tmp_path / 'rules.py'}:2: 'Never translated'"]
    assert extraction.missing("en", [tmp_path]) == []


def test_the_catalogues_keep_the_placeholders_of_the_sentences() -> None:
    assert [extraction.unequal(language) for language in ("kk", "ru")] == [[], []]
