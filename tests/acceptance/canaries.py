"""Words that nobody else says, and the eye that finds them again: as they are, folded, in other alphabets of bytes, in
base64 and hexadecimal, and inside of what was packed."""

import base64
import html
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import choice
from urllib.parse import quote

_PACKED = b"\x1f\x8b\x08"
_PACKED_BASE64 = re.compile(rb"H4sI[A-Za-z0-9+/_-]{20,}")
_PACKED_HEX = re.compile(rb"1[fF]8[bB]08[0-9a-fA-F]{20,}")
MOST_UNPACKED = 4_000_000
AROUND = 40

Piece = tuple[str, bytes]
"""Where something was found, and its bytes."""


def _word(letters: str, length: int) -> str:
    return "".join(choice(letters) for _ in range(length))


@dataclass(frozen=True)
class Canaries:
    """Every word contains one of two stems, Latin and Cyrillic; every phone is the same number. `secrets` are bytes
    that stand for a person without a name: a photo, a blind index."""

    latin: str = field(default_factory=lambda: _word("qxzjkvwy", 10))
    cyrillic: str = field(default_factory=lambda: _word("щцфхжшйю", 8))
    digits: str = field(default_factory=lambda: "705" + _word("0123456789", 7))
    secrets: list[bytes] = field(default_factory=list)

    def word(self, place: str) -> str:
        """What is typed into one field; `place` names it."""
        return f"{self.latin}{place} {self.cyrillic.capitalize()} қ{place}"

    def short(self) -> str:
        """The same for a field with room for one word."""
        return self.latin

    @property
    def phone(self) -> str:
        """As people write it."""
        d = self.digits
        return f"8 ({d[:3]}) {d[3:6]}-{d[6:8]}-{d[8:]}"

    def seen(self, pieces: Iterable[Piece]) -> list[str]:
        """Where any of it stands, with the bytes around."""
        return [
            found for name, content in pieces for layer in _layers(content) for found in self._in(name, layer)
        ]

    def _in(self, name: str, content: bytes) -> Iterator[str]:
        lowered, folded = content.lower(), content.decode("utf-8", "replace").casefold().encode()
        for form, needle in self._forms():
            for hay in (content, lowered, folded):
                if (at := hay.find(needle)) >= 0:
                    yield f"{name}: {form}: {hay[max(0, at - AROUND) : at + len(needle) + AROUND]!r}"
                    break
        if number := self._number().search(content):
            yield f"{name}: the phone: {number[0]!r}"

    def _forms(self) -> Iterator[tuple[str, bytes]]:
        for stem in (self.latin, self.cyrillic):
            yield "as it is", stem.encode()
            yield "UTF-16", stem.encode("utf-16-le")
            yield "UTF-16 from the other end", stem.encode("utf-16-be")
            yield "JSON", json.dumps(stem)[1:-1].encode()
            yield "an address", quote(stem).lower().encode()
            yield "HTML", html.escape(stem).encode()
            yield "HTML by numbers", "".join(f"&#{ord(letter)};" for letter in stem).encode()
            yield "hexadecimal", stem.encode().hex().encode()
            yield from (("base64", letters) for letters in _in_base64(stem.encode()))
        yield "Windows", self.cyrillic.encode("cp1251")
        yield "backwards", self.latin[::-1].encode()
        for secret in self.secrets:
            yield "bytes of a person", secret
            yield "bytes of a person, hexadecimal", secret.hex().encode()
            yield from (("bytes of a person, base64", letters) for letters in _in_base64(secret))

    def _number(self) -> re.Pattern[bytes]:
        """Its digits with whatever people write between them."""
        return re.compile(b"[^0-9a-zA-Z]{0,3}".join(digit.encode() for digit in self.digits))


def _layers(content: bytes, depth: int = 2) -> Iterator[bytes]:
    """The bytes themselves, and what was packed or written in other letters within them."""
    yield content
    if depth == 0:
        return
    for inner in (*_unpacked(content), *_decoded(content)):
        yield from _layers(inner, depth - 1)


def _unpacked(content: bytes) -> Iterator[bytes]:
    at = content.find(_PACKED)
    while at >= 0:
        with suppress(zlib.error):
            yield zlib.decompressobj(31).decompress(content[at:], MOST_UNPACKED)
        at = content.find(_PACKED, at + 1)


def _decoded(content: bytes) -> Iterator[bytes]:
    """What was packed and then written in letters; anything else in letters has a form of its own."""
    for found in _PACKED_BASE64.finditer(content):
        run = found[0].translate(bytes.maketrans(b"-_", b"+/"))
        yield base64.b64decode(run[: len(run) // 4 * 4])
    for found in _PACKED_HEX.finditer(content):
        yield bytes.fromhex(found[0][: len(found[0]) // 2 * 2].decode())


def _in_base64(word: bytes) -> Iterator[bytes]:
    """The letters of a word that stand whichever byte it begins at, in both alphabets."""
    for before, first in enumerate((0, 2, 3)):
        letters = base64.b64encode(bytes(before) + word)[first : (before + len(word)) * 8 // 6]
        yield letters
        yield letters.translate(bytes.maketrans(b"+/", b"-_"))
