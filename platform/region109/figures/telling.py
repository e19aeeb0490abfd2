"""The words of the figures: headings and definitions, each as the SQL counts it. One text for page, file and guide."""

from ui109.i18n import mark

HEADINGS = {
    "registered": mark("Registered"), "consulted": mark("Consulted"), "closed": mark("Closed"),
    "on_time": mark("Closed in time"), "overdue": mark("Overdue at the end"), "punctual": mark("In time, %"),
    "did_not_react": mark("Did not react"), "reopened": mark("Reopened"), "confirmed": mark("Confirmed by a call"),
}  # fmt: skip
DEFINITIONS = {
    "day": mark("A day is a calendar day in Almaty (UTC+5), from midnight to midnight."),
    "registered": mark(
        "Tickets by the day on which they were registered, at the territory where that was. A ticket that was"
        " referred counts where it came from, not where it went."
    ),
    "consulted": mark(
        "Calls answered on the spot, by the day of the call. They are no tickets and do not count as "
        "registered. A call for which no category was named stands in a line of its own."
    ),
    "closed": mark(
        "Tickets that are closed now, by the day on which they were closed, at the territory where they were "
        "done. Rejected, cancelled and referred ones do not count. A ticket that is reopened leaves the day "
        "on which it had been closed."
    ),
    "on_time": mark(
        "Of the closed ones those that were done by their operational term; where nothing was reported as "
        "done, the moment of closing decides."
    ),
    "overdue": mark(
        "Tickets still open whose operational term had passed at the end of the last day of the period; of a "
        "period that ends today, at this moment. A pause stops the clock, and what was done in time and waits"
        " for the callback is not overdue."
    ),
    "punctual": mark(
        "Closed in time ÷ (closed + open overdue): what is late and still open counts against it. The "
        "denominator stands beside the share. Below {few} it is marked as too few to judge. It is never "
        "rounded up."
    ),
    "did_not_react": mark(
        "Tickets to which a service at least once neither accepted nor returned in time, by the day on which "
        "they were registered, at the territory where they are now."
    ),
    "reopened": mark("Tickets that were reopened at least once, by the day on which they were registered."),
    "confirmed": mark("Of the closed ones those that the applicant confirmed when called back."),
}  # fmt: skip
LATER = mark(
    "Every figure but the overdue follows from the last word of each ticket, however late it comes: it "
    "may still change for a past day. The overdue at the end of a day are written down after midnight and"
    " never change."
)
MISSING = mark(
    "The end of a day is written down when the region first looks after midnight. A day is without it "
    "when the region did not run until the next midnight, or had not begun yet. Then punctuality is not "
    "shown: the denominator is not known."
)
STALE = mark(
    "A territory that was not heard for {seconds} seconds is marked: its figures are those of the moment "
    "at which it was heard last, and facts from there are still to come."
)
