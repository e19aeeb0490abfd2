"""`python -m dispatch109.demo`: 60 days of plausible calls and tickets for every tenant that has none yet.

Exit code 0: done, also when there was nothing to do; 1: refused, with the reason on stderr.
"""

import asyncio
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime
from datetime import time as time_of_day

from chassis109.kernel import clock
from chassis109.kernel.errors import Unavailable
from chassis109.kernel.settings import SettingMissing
from chassis109.store import unit
from dispatch109.contacts import service as contacts
from dispatch109.demo import service as demo
from dispatch109.demo.model import NobodyWorksHere, shares
from dispatch109.demo.texts import Texts
from dispatch109.settings import Settings
from dispatch109.tickets.model import ALMATY
from tenancy109 import directory
from tenancy109.model import Tenant

AT_ONCE = 2  # while PostgreSQL writes for one tenant, Python makes rows for another
END_OF_A_DAY = time_of_day(18, 0, tzinfo=ALMATY)


async def fill_all(settings: Settings, tickets: int, wish: demo.Wish) -> None:
    """Fill every tenant that has nothing; prints a line for each and the sums."""
    contacts.use_keys(settings.contact_keys, settings.index_key)
    # One connection more than units: a look at the directory of tenants must not wait for them.
    await unit.open_store(settings.app_dsn, size=AT_ONCE + 1, application="dispatch109-demo")
    begun = time.perf_counter()
    try:
        tenants = await directory.all()
        share = shares(tickets, {tenant.id: tenant.population for tenant in tenants})
        texts, gate = Texts.read(), asyncio.Semaphore(AT_ONCE)

        async def one(tenant: Tenant) -> demo.Filled:
            async with gate:
                started = time.perf_counter()
                filled = await demo.fill(tenant, share[tenant.id], wish, texts)
                print(f"{tenant.slug}: {_line(filled)} ({time.perf_counter() - started:.1f} s)", flush=True)
                return filled

        largest_first = sorted(tenants, key=lambda tenant: -share[tenant.id])
        done = await asyncio.gather(*map(one, largest_first))
    finally:
        await unit.close_store()
    print(f"together: {_line(_sum(done))} in {time.perf_counter() - begun:.1f} s, history until {wish.until}")


def _sum(all_of: list[demo.Filled]) -> demo.Filled:
    names = ("tickets", "consultations", "still_open", "unanswered")
    return demo.Filled("", *(sum(getattr(filled, name) for filled in all_of) for name in names))


def _line(filled: demo.Filled) -> str:
    if filled.left_alone:
        return f"{filled.left_alone}, nothing written"
    return (
        f"{filled.tickets} tickets ({filled.still_open} open, {filled.unanswered} times no reaction),"
        f" {filled.consultations} consultations"
    )


def _until(given: str) -> datetime:
    """A moment with its offset, or a day (then 18:00 in Almaty)."""
    moment = datetime.fromisoformat(given)
    if len(given) == len("2026-11-22"):
        moment = datetime.combine(date.fromisoformat(given), END_OF_A_DAY)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset, for example 2026-11-22T18:00+05:00")
    return moment.astimezone(UTC)


def parser() -> ArgumentParser:
    """The command line."""
    whole = ArgumentParser(prog="python -m dispatch109.demo", description=__doc__)
    whole.add_argument("--seed", type=int, default=109)
    whole.add_argument("--days", type=int, default=60)
    whole.add_argument("--tickets", type=int, default=30_000, help="in all tenants together")
    whole.add_argument(
        "--until", type=_until, help="a day or a moment with offset; default: now. No step lies after it"
    )
    return whole


def main(arguments: Namespace) -> int:
    """Run the command; its exit code."""
    until = arguments.until or clock.now().replace(microsecond=0)
    wish = demo.Wish(arguments.seed, arguments.days, until)
    try:
        asyncio.run(fill_all(Settings.from_environment(os.environ), arguments.tickets, wish))
    except (SettingMissing, NobodyWorksHere, Unavailable) as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(parser().parse_args()))
