"""What people type: cleaned, bounded, and refused by field and rule when it cannot be kept as it is."""

import re
import unicodedata

from chassis109.kernel.errors import FieldError, Invalid

# Control characters except tab and line feed, lone surrogates, and the bidi overrides that disguise text.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
# One composed letter is written as four signs at the most. What is longer is refused as it is: normalizing takes
# quadratic time on a long run of accents, minutes for one request.
_DECOMPOSED = 4


class Form:
    """Checks the fields of one input and collects every error, so that a person sees them all at once."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def refuse(self, field: str, rule: str, message: str, **params: object) -> None:
        """Note that `field` breaks `rule`; `message` is an English message id with {placeholders}."""
        self.errors.append(FieldError(field, rule, message, params))

    def text(self, field: str, value: str | None, *, most: int, required: bool = False) -> str:
        """The value in NFC without outer blanks; '' when refused or absent. `most` is in characters."""
        cleaned = (value or "").replace("\r\n", "\n").replace("\r", "\n").strip()
        if len(cleaned) <= _DECOMPOSED * most:
            cleaned = unicodedata.normalize("NFC", cleaned)
        if _FORBIDDEN.search(cleaned):
            self.refuse(field, "characters", "Remove control characters from this field.")
        elif required and not cleaned:
            self.refuse(field, "required", "Fill in this field.")
        elif len(cleaned) > most:
            self.refuse(
                field,
                "length",
                "At most {most} characters, here are {length}.",
                most=most,
                length=len(cleaned),
            )
        else:
            return cleaned
        return ""

    def choice(self, field: str, value: str | None, allowed: frozenset[str] | set[str]) -> str:
        """The value when it is one of `allowed`; '' when refused."""
        if value in allowed:
            return value or ""
        self.refuse(field, "choice", "Choose one of the listed values.")
        return ""

    def done(self) -> None:
        """Raise Invalid when anything was refused."""
        if self.errors:
            raise Invalid(*self.errors)
