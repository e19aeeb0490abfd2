"""The macros: what they render is escaped, labelled and styled without inline CSS."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis109.kernel import clock
from ui109.i18n import LANGUAGES, Language
from ui109.statuses import LOOKS, STATUSES
from ui109.templating import environment, spoken

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IMPORT = '{% import "macros.html" as ui with context %}'


def _rendered(source: str, language: Language = "ru", **context: object) -> str:
    with clock.frozen(NOON):
        shared = {**spoken(language), "form_token": "t", "path": "/op", "address": "/op"}
    return environment().from_string(IMPORT + source).render(**shared, **context)


def test_a_field_is_tied_to_its_help_and_its_error() -> None:
    html = _rendered('{{ ui.field("phone", "Телефон", help="как диктуют", error="Заполните.") }}')

    assert 'aria-describedby="phone-help phone-error"' in html
    assert 'aria-invalid="true"' in html
    assert '<label for="phone">' in html


def test_what_people_typed_is_shown_inert() -> None:
    html = _rendered('{{ ui.field("text", "Суть", value=typed) }}', typed='"><script>alert(1)</script>')

    assert "<script>" not in html


def test_a_button_shows_and_speaks_its_key() -> None:
    html = _rendered('{{ ui.button("Создать", key="Ctrl+Enter") }}')

    assert 'data-key="Ctrl+Enter" aria-keyshortcuts="Control+Enter"' in html
    assert "Ctrl+↵</kbd>" in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", sorted(STATUSES))
def test_every_state_has_a_look_and_a_word(state: str, language: Language) -> None:
    html = _rendered("{{ ui.chip(state) }}", language, state=state)

    assert STATUSES[state][0] in LOOKS
    assert html.rstrip().removesuffix("</span>").rsplit(">", 1)[-1].strip()


def test_a_timer_carries_the_due_moment_and_its_text_without_scripts() -> None:
    html = _rendered("{{ ui.sla_timer(due) }}", due=NOON - timedelta(seconds=4320))

    assert 'due="2026-11-22T10:48:00+00:00"' in html
    assert 'data-state="late"' in html
    assert ">−1 ч 12 мин<" in html


def test_no_template_carries_a_style_attribute_or_an_inline_handler() -> None:
    names = environment().list_templates()
    sources = [environment().loader.get_source(environment(), name)[0] for name in names]  # type: ignore[union-attr]

    assert not [name for name, source in zip(names, sources, strict=True) if " style=" in source]
    assert not [name for name, source in zip(names, sources, strict=True) if " onclick=" in source]
