"""Where a person begins: the start page, and from it the choice of a desk."""

from ui109.start import start

PAGES = (start,)
