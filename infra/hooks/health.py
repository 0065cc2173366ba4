"""Whether the deployed app answers."""

from __future__ import annotations

from infra.hooks.clock import Clock, Patience
from infra.hooks.failure import HookFailed, say
from infra.hooks.web import NoAnswer, call

_SECONDS = 300
# An app without functions answers 404 for ever. Then it is better to look at its functions than to wait.
_SECONDS_OF_404 = 60
_PAUSE = 5


def is_well(url: str, clock: Clock) -> bool:
    """Wait until the app answers /api/health with 200. False if it answers 404 instead, and goes on to for a minute.

    Raises HookFailed if it does neither for five minutes.
    """
    return _is_well(url, clock, _SECONDS_OF_404)


def wait_until_well(url: str, clock: Clock) -> None:
    """Wait until the app answers /api/health with 200; raises HookFailed if it does not for five minutes."""
    if not _is_well(url, clock, _SECONDS):
        raise HookFailed(_sentence(url, "404"))


def _is_well(url: str, clock: Clock, seconds_of_404: float) -> bool:
    patience, patience_with_404 = Patience(clock, _SECONDS), Patience(clock, seconds_of_404)
    while True:
        seen = _seen(url)
        if seen == "200":
            say(f"health: {url}/api/health answers")
            return True
        if seen == "404" and patience_with_404.is_over:
            return False
        if not patience.pause(_PAUSE):
            raise HookFailed(_sentence(url, seen))


def _seen(url: str) -> str:
    """The status, or how there was none."""
    try:
        return str(call("GET", f"{url}/api/health", {}).status)
    except NoAnswer as failure:
        return str(failure)


def _sentence(url: str, seen: str) -> str:
    return (
        f"the app does not get well: {url}/api/health gave {seen} in the end; look at its log in Application Insights,"
        " run `azd deploy` again, and if that does not help, `azd provision` before it"
    )
