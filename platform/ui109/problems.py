"""A refusal as a page: what happened and what to do now, in the person's language."""

from typing import Any

from litestar import Response

from chassis109.kernel.errors import Refused
from chassis109.web.problems import Problem
from ui109.i18n import mark
from ui109.templating import AnyRequest, page

ADVICE: dict[int, str] = {
    400: mark("Go back, reload the page and try again."),
    401: mark("Log in and open the page again."),
    403: mark("Ask your administrator if you need this for your work."),
    404: mark("Check the number or the address, or go back to the start page."),
    405: mark("Go back, reload the page and try again."),
    409: mark("Go back, reload the page and try again."),
    413: mark("Choose a smaller file or shorten the text, then try again."),
    422: mark("Go back and correct the fields named here."),
    429: mark("Wait a minute, then try again."),
    500: mark("Try again. If it happens again, tell the administrator the number shown here."),
    503: mark("Wait a moment and reload the page. What you typed and have not saved stays on your screen."),
}


def error_page(request: AnyRequest, problem: Problem, refused: Refused) -> Response[Any]:
    """The page for `problem`; the `page` argument of `chassis109.web.problems.handlers`."""
    retry = {"Retry-After": "5"} if refused.status in {429, 503} else {}
    return page(
        request,
        "error.html",
        status=problem.status,
        headers=retry,
        problem=problem,
        advice=ADVICE.get(problem.status, ADVICE[500]),
    )
