"""How identity says no: every class is a problem type, its docstring the sentence shown to people."""

from chassis109.kernel.errors import Forbidden, Refused, Unauthenticated, Unavailable


class TokenRefused(Unauthenticated):
    """The access token was not accepted."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        # For logs and metrics only: the caller is never told which check failed.
        self.reason = reason


class SignInNeeded(Unauthenticated):
    """Sign in to continue."""


class SignInFirst(SignInNeeded):
    """Sign in to continue."""

    def __init__(self, next_path: str) -> None:
        super().__init__()
        # A page was opened, so the browser can be sent to the sign-in and come back here.
        self.next_path = next_path


class SignInNotFinished(Refused):
    """The sign-in took too long or was started again in another tab. Sign in once more."""

    status = 400


class KeycloakAway(Unavailable):
    """The sign-in service does not answer. New sign-ins wait; running sessions keep working."""


class AdministrationWaits(Unavailable):
    """The sign-in service does not answer. Administration and exports wait until it is back."""


class KeysAway(Unavailable):
    """The keys that prove a token cannot be fetched at the moment. Try again in a few seconds."""


class CrossSiteRefused(Forbidden):
    """The request did not come from this site. Reload the page and try again."""


class FormExpired(Forbidden):
    """The form belongs to an earlier session. Reload the page and try again."""
