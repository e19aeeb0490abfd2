"""Text and files that have broken other products."""

import io
import struct
import zipfile
import zlib

from tests import makers

SCRIPT = "<script>window.hacked109=1</script>"
TEXTS = {
    "NUL": "a\x00b", "a lone surrogate": "a\ud800b", "bidi": "a\u202eb\u2066c", "zero width": "a\u200b\u200d\ufeffb",
    "1 MB": "я" * 500_000, "accents": "a" + "\u0301" * 3000, "a script": SCRIPT,
    "an attribute": "\"' onmouseover='window.hacked109=1' autofocus onfocus=window.hacked109=1 x=\"",
    "an SVG": "<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked109=1'/>",
    "a template": "{{ 7*7 }}{% for a in ''.__class__.__mro__ %}{% endfor %}${7*7}<%= 7*7 %>#{7*7}",
    "a formula": '=cmd|"/C calc"!A0', "a formula by sign": "+1+1|@SUM(1)", "SQL": "'; DROP TABLE dispatch.ticket; --",
    "a path": "../../../../etc/passwd\x7f", "format": "{0.__class__} %s %n %(a)s", "a huge number": "9" * 400,
    "not a number": "NaN", "a list": "[]", "blanks": " \t\u00a0\u2003\n", "CRLF": "a\r\nSet-Cookie: sid=1\r\n\r\nb",
    "noncharacters": "\ufffe\uffff\U0010ffff", "a regex": "(a+)+$" + "a" * 60 + "!", "LIKE": "%_%_" * 20 + "\\",
    "JSON": '{"$ne": null, "__proto__": {"admin": true}}', "an entity": "&lt;b&gt;&#0;&#x202e;<!ENTITY x SYSTEM 'file:///'>",
}  # fmt: skip
EVERYTHING = f"{TEXTS['an attribute']}{SCRIPT}{TEXTS['an SVG']}{{{{7*1091091}}}}${{7*1091091}}"
"""What runs somewhere, in one line."""
TERMS = (
    "(a+)+$" + "a" * 80, "%" * 100, "_%" * 50, "\\" * 99, "a" * 10_000, "'" * 100, "я " * 90, "&|!()<->:*" * 9, "\x00",
    "+7" + "0" * 300, "109-26-" + "9" * 100, "a\u0301" * 90, "٠١٢٣٤٥٦٧٨٩" * 9,
)  # fmt: skip
"""Search terms that would explode in a regular expression, a LIKE or a text search."""


def _bomb() -> bytes:
    """A PNG of a few kilobytes that says it is 60 000 × 60 000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("a", b"\0" * 5_000_000)
    return out.getvalue()


def refused_files() -> dict[str, bytes]:
    """What is no picture, or none that anybody should open."""
    good = makers.photo()
    return {
        "nothing": b"", "text": b"hello", "HTML": SCRIPT.encode(), "an SVG": TEXTS["an SVG"].encode(),
        "a GIF": b"GIF89a" + b"\0" * 40, "a PDF": b"%PDF-1.7\n1 0 obj<</JS(app.alert(1))>>\n%%EOF",
        "a broken PDF": b"%PDF-" + bytes(range(256)) * 20, "a zip bomb": _zip(), "a pixel bomb": _bomb(),
        "half a JPEG": good[: len(good) // 2], "a JPEG's head": good[:20], "a JPEG without an end": good[:-40],
        "a JPEG of noise": good[:30] + bytes(range(256)) * 30, "a PNG's head": makers.photo("PNG")[:33],
        "a TIFF": makers.photo("TIFF"), "a BMP": makers.photo("BMP"), "a program": b"\x7fELF" + b"\0" * 200,
        "11 MB": b"\xff\xd8\xff" + b"\0" * 11_000_000, "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "a gzip of itself": zlib.compress(b"\0" * 2_000_000), "a HEIC": b"\0\0\0\x18ftypheic" + b"\0" * 100,
    }  # fmt: skip


def polyglots() -> dict[str, bytes]:
    """Pictures that are something else as well: they may be taken, and only the picture may survive."""
    good, script = makers.photo(), SCRIPT.encode()
    comment = b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
    text = _chunk(b"tEXt", b"Comment\0" + script)
    png = makers.photo("PNG")
    return {
        "a script behind a JPEG": good + script, "a script in a JPEG's comment": good[:2] + comment + good[2:],
        "a zip behind a JPEG": good + _zip() + script, "a script in a PNG": png[:33] + text + png[33:],
        "a program behind a PNG": png + b"<?php system($_GET[0]); ?>" + script,
    }  # fmt: skip
