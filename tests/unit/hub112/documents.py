"""Documents for the contract: one with every field, thousands that differ from it in one place, and the judge.

Everything is made from the published schema, so a field that is added there is tried here without further work.
"""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from hub112 import contract

Json = Any
Steps = tuple[str | int, ...]
DATA = Path(__file__).parents[2] / "data" / "handoff"
PUBLISHED: dict[str, Json] = json.loads((DATA / "handoff.schema.json").read_text("utf-8"))
SAMPLE: dict[str, Json] = json.loads((DATA / "sample_gas_leak.json").read_text("utf-8"))
ID = "0198f2a0-7c11-7a54-9d3e-2b1f6f0a0001"
BY_PATTERN = {
    "[a-z0-9]{2,8}": "kz.sko.petropavl.2026.000123", r"\d{4}-": "2026-03-11T08:15:02+05:00",
    r"^kz\.sko\.": "kz.sko.101", r"^\+": "+77152109000", "{64}": "9f" * 32, r"^\d{9}": "591010000",
    "^[a-z]+(": "gas.leak_inside",
}  # fmt: skip
WRONG: tuple[Json, ...] = (None, True, 0, -1, 1.0, 1.5, 1e15, "", "x", [], [None], {}, {"x": 1})
UUID = re.compile("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
MOMENTS = {"at", "createdAt", "decidedAt", "eta", "expiresAt", "occurredAt", "sentAt"}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _pattern(validator: Any, pattern: str, instance: Json, _: Json) -> Iterator[ValidationError]:
    """Patterns of JSON Schema are those of ECMA 262: `\\d` is 0-9 and `$` the very end."""
    ecma = pattern.replace(r"\d", "[0-9]").replace("$", r"\Z")
    if validator.is_type(instance, "string") and not re.search(ecma, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Judge = validators.extend(Draft202012Validator, {"pattern": _pattern})


def judge(schema: dict[str, Json]) -> Callable[[Json], bool]:
    """Whether a document is valid by a schema; `format: uuid` counts, `date-time` is left to its pattern."""
    Draft202012Validator.check_schema(schema)
    formats = FormatChecker(())
    formats.checks("uuid")(_is_uuid)
    found: Callable[[Json], bool] = _Judge(schema, format_checker=formats).is_valid
    return found


def _is_uuid(instance: Json) -> bool:
    """By RFC 9562; the library's own check lets digits of other scripts pass."""
    return not isinstance(instance, str) or UUID.fullmatch(instance) is not None


def resolved(schema: dict[str, Json]) -> dict[str, Json]:
    """A schema with its reference followed."""
    return PUBLISHED["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def example(schema: dict[str, Json]) -> Json:
    """A valid value with every field of the schema."""
    schema = resolved(schema)
    if "const" in schema or "enum" in schema:
        return schema.get("const") or schema["enum"][0]
    if schema["type"] == "object":
        return {name: example(inner) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [example(schema["items"])] * schema.get("minItems", 1)
    if schema["type"] == "string":
        return _text(schema)
    return {"integer": 1, "number": 1.5, "boolean": True}[schema["type"]]


def _text(schema: dict[str, Json]) -> str:
    if schema.get("format") == "uuid":
        return ID
    return next((text for part, text in BY_PATTERN.items() if part in schema.get("pattern", "")), "текст")


@cache
def _whole() -> str:
    return json.dumps(example(PUBLISHED))


def whole() -> dict[str, Json]:
    """A document with every field there is."""
    found: dict[str, Json] = json.loads(_whole())
    return found


def places(
    value: Json, schema: dict[str, Json], steps: Steps = ()
) -> Iterator[tuple[Steps, dict[str, Json]]]:
    """Every value of a document with the schema it answers to."""
    schema = resolved(schema)
    if steps:
        yield steps, schema
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, schema["properties"][name], (*steps, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], schema["items"], (*steps, 0))


def changed(document: Json, steps: Steps, to: Json) -> Json:
    """A copy with another value in one place."""
    copy = deepcopy(document)
    _owner(copy, steps)[steps[-1]] = to
    return copy


def without(document: Json, steps: Steps) -> Json:
    """A copy with one value left out."""
    copy = deepcopy(document)
    del _owner(copy, steps)[steps[-1]]
    return copy


def _owner(document: Json, steps: Steps) -> Json:
    for step in steps[:-1]:
        document = document[step]
    return document


def values(schema: dict[str, Json], valid: Json) -> Iterator[Json]:
    """What is tried in a place: every type, every member of an enumeration, both sides of every boundary."""
    yield from WRONG
    yield from _texts(valid) if isinstance(valid, str) else ()
    yield from schema.get("enum", ())
    yield from ("ы" * (schema["maxLength"] + more) for more in (0, 1) if "maxLength" in schema)
    yield from ("😀" * (schema["maxLength"] + more) for more in (0, 1) if "maxLength" in schema)
    yield from (schema[bound] + more for bound in ("minimum", "maximum") if bound in schema
                for more in (-1, -0.001, 0, 0.001, 1))  # fmt: skip
    if isinstance(valid, list):
        most = schema.get("maxItems", 2)
        yield from ([valid[0]] * number for number in (0, 1, most, most + 1))
    if isinstance(valid, dict):
        yield {**valid, "extra": "x"}


def _texts(valid: str) -> Iterator[str]:
    yield from (valid.upper(), f" {valid}", f"{valid} ", f"{valid}\n", f"\n{valid}", valid[:-1], f"{valid}x")
    yield from (
        valid.replace("-", ""),
        f"{{{valid}}}",
        valid.replace("1", "١"),
        f"{valid}0",
        valid.replace("+", "-"),
    )


def differing() -> Iterator[Json]:
    """Documents that differ from the whole one in one place."""
    document = whole()
    for steps, schema in places(document, PUBLISHED):
        yield without(document, steps)
        for value in values(schema, example(schema)):
            yield changed(document, steps, value)


def by_kind() -> Iterator[Json]:
    """Every kind with every choice of the parts that some kind needs."""
    parts = ("incident", "reply", "units", "refMessageId", "error")
    for kind in (*PUBLISHED["properties"]["kind"]["enum"], "other"):
        for chosen in range(2 ** len(parts)):
            document = whole() | {"kind": kind}
            left_out = [part for number, part in enumerate(parts) if not chosen >> number & 1]
            kept = {name: value for name, value in document.items() if name not in left_out}
            yield kept
            if "reply" in kept:
                yield kept | {"reply": {}}


def stricter(value: Json, name: str = "") -> str:
    """Which of our own rules refuses a document on purpose, by the names in the contract's docstring; else ''."""
    if isinstance(value, dict):
        return next((rule for inner, v in value.items() if (rule := stricter(v, inner))), "")
    if isinstance(value, list):
        return next((rule for inner in value if (rule := stricter(inner, name))), "")
    if isinstance(value, str):
        return _stricter_text(value, name)
    if isinstance(value, int | float) and abs(value) > contract.MOST_EXACT:
        return "numbers that are no longer exact"
    return "a seq beyond 32 bits" if name == "seq" and _large(value) else ""


def _large(value: Json) -> bool:
    return isinstance(value, int | float) and value > contract.MOST_SEQ


def _stricter_text(text: str, name: str) -> str:
    if CONTROL.search(text):
        return "control characters"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "half characters"
    is_moment = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T.*", text) and name in MOMENTS
    return "moments that do not exist" if is_moment and not _is_moment(text) else ""


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True
