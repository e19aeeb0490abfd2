"""Who asked: name and phone, and the ways people write Kazakh numbers."""

from dataclasses import dataclass
from uuid import UUID

import phonenumbers

from chassis109.kernel.ids import uuid7
from chassis109.kernel.text import Form

LANGUAGES = frozenset({"kk", "ru", "en"})
SHORT_NUMBERS = frozenset({"101", "102", "103", "104", "109", "112"})


@dataclass(frozen=True, slots=True)
class Contact:
    """An applicant as his tenant knows him. `phone` is E.164 or '' when he gave none."""

    id: UUID
    name: str
    phone: str
    language: str


def read_contact(
    form: Form, phone: str, applicant: str, language: str, *, phone_required: bool = True
) -> Contact:
    """A new contact from what was typed; refuses `phone`, `applicant` and `language` by name."""
    return Contact(
        uuid7(),
        form.text("applicant", applicant, most=200),
        read_phone(form, "phone", phone, required=phone_required),
        form.choice("language", language, LANGUAGES) or "kk",
    )


def read_phone(form: Form, field: str, typed: str, *, required: bool = True) -> str:
    """The E.164 form of a phone as people type it (8 705 …, 705…, +7 (705) …); '' when refused.

    A short number (101–112, 109) is a service, never an applicant.
    """
    typed = form.text(field, typed, most=40, required=required)
    if not typed:
        return ""
    digits = "".join(character for character in typed if character.isdigit())
    if digits in SHORT_NUMBERS:
        form.refuse(
            field,
            "short_number",
            "{number} is a service's short number, not an applicant's phone.",
            number=digits,
        )
        return ""
    if any(character.isalpha() for character in typed):
        form.refuse(field, "phone", "Write the phone with digits only, for example +7 705 123 45 67.")
        return ""
    return _parsed(form, field, typed, digits)


def _parsed(form: Form, field: str, typed: str, digits: str) -> str:
    candidate = "+7" + digits[1:] if len(digits) == 11 and digits[0] == "8" else typed
    try:
        number = phonenumbers.parse(candidate, "KZ")
    except phonenumbers.NumberParseException:
        form.refuse(field, "phone", "This is not a phone number; for example +7 705 123 45 67.")
        return ""
    if phonenumbers.is_valid_number(number):  # a valid number is also possible: asked first, it is enough
        return f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
    if phonenumbers.is_possible_number(number):
        form.refuse(field, "phone_range", "There is no such number range; check the digits after +7.")
        return ""
    count = len(digits) - (typed.startswith("+7") or (len(digits) > 10 and digits[0] in "78"))
    form.refuse(field, "phone_length", "A phone has 10 digits after +7; here are {count}.", count=count)
    return ""


def masked(phone: str) -> str:
    """`+77011234567` → `+7 701 ***-**-67`."""
    return f"{phone[:2]} {phone[2:5]} ***-**-{phone[-2:]}" if len(phone) >= 10 else "***"
