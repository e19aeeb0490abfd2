"""Where a person begins: the start page, and from it the wall."""

from ui109.start import start

PAGES = (start,)
