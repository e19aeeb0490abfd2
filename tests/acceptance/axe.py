"""What axe-core and our own rules find in a page as it stands in the browser."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  return found.violations.map((v) => ({id: v.id, help: v.help,
    nodes: v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.any.map((a) => a.message).join('; ')}`)}));
}"""
WIDER = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
# Words of the interface, not what people wrote: an element's own text without keys and counts.
WORDS = """() => {
  const said = new Set();
  const picked = 'button, label, legend, th, h1, h2, dt, summary, nav a, a.btn, .field-help, .chip, .tab, .quiet';
  for (const element of document.querySelectorAll(picked)) {
    if (element.closest('[lang]') !== document.documentElement) continue;
    const copy = element.cloneNode(true);
    for (const extra of copy.querySelectorAll('kbd, .count, input, select, time, [lang]')) extra.remove();
    said.add(copy.textContent.replace(/\\s+/g, ' ').trim());
  }
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
    for (const name of ['aria-label', 'title', 'placeholder']) said.add(element.getAttribute(name) ?? '');
  }
  return [...said];
}"""


@cache
def _source() -> str:
    return AXE.read_text() + "\n;null"


async def findings(page: Page) -> list[str]:
    """A sentence for each violation and its first places."""
    await page.evaluate(_source())
    found: list[dict[str, Any]] = await page.evaluate(RUN)
    return [f"{one['id']}: {one['help']} at {' | '.join(one['nodes'])}" for one in found]


async def overflow(page: Page) -> int:
    """How many pixels the page is wider than the window."""
    return int(await page.evaluate(WIDER))


async def words(page: Page) -> set[str]:
    """The words of the interface that are shown or spoken."""
    return set(await page.evaluate(WORDS))
