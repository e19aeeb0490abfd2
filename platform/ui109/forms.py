"""What a form is answered when it has done its work: a place for scripts, a redirect for plain browsers."""

from typing import Any

from litestar import Response
from litestar.response import Redirect

from ui109.templating import AnyRequest


def answered(request: AnyRequest, place: str) -> Response[Any]:
    """Saved; the person goes on to `place`.

    A resilient form gets 204 with the Location: it goes there, or stays when it has a `target` and what is
    around it is read again.
    """
    if "hx-request" in request.headers:
        return Response(None, status_code=204, headers={"Location": place})
    return Redirect(place, status_code=303)
