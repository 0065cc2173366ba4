"""The functions of the project's folders, and whether the platform found them in what was deployed."""

from __future__ import annotations

from pathlib import Path

from infra.hooks.app import App
from infra.hooks.clock import Clock, Patience
from infra.hooks.failure import HookFailed, say

ROOT = Path(__file__).resolve().parents[2]

_SECONDS_TO_BE_LISTED = 120
_SECONDS_AFTER_A_RESTART = 180
_PAUSE = 10


def function_folders(root: Path = ROOT) -> frozenset[str]:
    """The names of the folders that hold a function.json."""
    return frozenset(path.parent.name for path in root.glob("*/function.json"))


def wait_for_functions(app: App, expected: frozenset[str], clock: Clock) -> None:
    """Wait until the platform lists all of them. If it lists none, which happens, restart the app once, and wait."""
    listed = _listed(app, expected, Patience(clock, _SECONDS_TO_BE_LISTED))
    if not listed:
        say("the platform lists no function: restarting the app once")
        app.restart()
        listed = _listed(app, expected, Patience(clock, _SECONDS_AFTER_A_RESTART))
    if not listed:
        raise HookFailed("the app is deployed, but the platform finds no function in it: run `azd deploy` again")
    if missing := expected - listed:
        raise HookFailed(
            f"the platform does not find {', '.join(sorted(missing))} in what is deployed: run `azd deploy` again,"
            " and if that does not help, look at the log of the app's start in Application Insights"
        )
    say(f"functions: {len(expected)} of {len(expected)}")


def _listed(app: App, expected: frozenset[str], patience: Patience) -> frozenset[str]:
    while True:
        listed = app.functions()
        if expected <= listed or not patience.pause(_PAUSE):
            return listed
