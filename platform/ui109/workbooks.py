"""XLSX files: text in them stays text, and they are read in pieces."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO

import xlsxwriter

CHUNK_BYTES = 64 * 1024
IN_MEMORY_BYTES = 4 * 1024 * 1024
# A cell that begins with “=” is never a formula, not even after somebody edits it (quote_prefix).
_INERT = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class Workbook:
    """A workbook that is written row after row; `text` is the format of every cell that people wrote."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by its reader
        self.book = xlsxwriter.Workbook(self._file, _INERT)
        self.text = self.book.add_format({"quote_prefix": True})

    def finished(self) -> IO[bytes]:
        """The whole file, at its beginning."""
        self.book.close()
        self._file.seek(0)
        return self._file


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file to its end, which is then gone; read in a thread, so that other people's requests go on."""
    with file:
        while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield piece
