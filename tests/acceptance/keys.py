"""Hands on a keyboard: how a test moves through a page without a pointer."""

from playwright.async_api import Page, expect

MOST_TABS = 60
MOST_PAGES = 20
_FOCUSED = "(selector) => document.activeElement?.matches(selector) ?? false"


async def focused(page: Page, selector: str) -> bool:
    """Whether the focus is on such an element."""
    return bool(await page.evaluate(_FOCUSED, selector))


async def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until the focus is there; an element that no Tab reaches fails the test."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        if await focused(page, selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


async def seek(page: Page, words: str) -> None:
    """Put the focus on the row with these words, page by page of the list."""
    for _ in range(MOST_PAGES):
        await expect(page.locator("row-list [data-row]").first).to_be_visible()
        await page.keyboard.press("F7")
        texts = await page.locator("row-list:not(.card-actions) [data-row]").all_inner_texts()
        places = [place for place, text in enumerate(texts) if words in text]
        if places:
            return await down(page, places[0])
        await page.keyboard.press("End")
        await tab_to(page, "a[rel=next]")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
    raise AssertionError(f"no row says {words}")


async def down(page: Page, rows: int) -> None:
    """So many rows down from the first one."""
    await page.keyboard.press("Home")
    for _ in range(rows):
        await page.keyboard.press("ArrowDown")


async def fill(page: Page, selector: str, words: str) -> None:
    """Tab to a field and type into it."""
    await tab_to(page, selector)
    await page.keyboard.type(words)
