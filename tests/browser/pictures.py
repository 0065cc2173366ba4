"""`make pictures`: draws the console for docs/images/; `ALL=<folder>` draws every screen in each look, for the eye."""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from devhost.azurite import azurite
from devhost.console import sign_in_link
from devhost.install import ROOT
from shared.clock import now
from tests.browser.a_day import Day, seed_day
from tests.browser.chromium import SWITCHES, find_chromium
from tests.browser.looks import LOOKS, Look, go, look_like
from tests.e2e.running import RunningApp, running_app

IMAGES = ROOT / "docs" / "images"
AFTERNOON = 16
"""The hour that it seems to be in the pictures, whenever they are made."""


@dataclass(frozen=True)
class Picture:
    """One picture of the documentation: `place` gives the address of its screen, `height` is where it is cut off."""

    name: str
    place: Callable[[Day], str]
    scheme: Literal["light", "dark"] = "light"
    height: int = 800


PICTURES = (
    Picture("now-light", lambda _: "#/"),
    Picture("now-dark", lambda _: "#/", scheme="dark"),
    Picture("webhook", lambda day: f"#/webhooks/{day.broken}", height=600),
    Picture("event", lambda day: f"#/events/{day.event.id}", height=560),
)
SCREENS: dict[str, Callable[[Day], str]] = {
    "now": lambda _: "#/",
    "webhooks": lambda _: "#/webhooks",
    "webhooks-none": lambda _: "#/webhooks?q=none",
    "webhook": lambda day: f"#/webhooks/{day.broken}",
    "webhook-healthy": lambda day: f"#/webhooks/{day.healthy}",
    "new": lambda _: "#/webhooks/new",
    "edit": lambda day: f"#/webhooks/{day.broken}/edit",
    "events": lambda _: "#/events",
    "events-none": lambda _: "#/events?q=none",
    "event": lambda day: f"#/events/{day.event.id}",
    "deliveries": lambda _: "#/deliveries?state=failed,held",
    "delivery": lambda day: f"#/events/{day.event.id}/deliveries/{day.broken}",
    "audit": lambda _: "#/audit",
    "dynamics": lambda _: "#/dynamics",
    "arcgis": lambda _: "#/arcgis",
    "reference": lambda _: "#/reference",
    "operation": lambda _: "#/reference/replaceWebhook",
    "schema": lambda _: "#/reference/schemas/DataverseStep",
    "help": lambda _: "#/help",
    "missing": lambda _: "#/nothing",
    "failed": lambda _: "#/webhooks/999999",
}
DIALOGS = {
    "webhook": ("Delete", "Rotate secret"),
    "webhook-healthy": ("Stop",),
    "deliveries": ("Replay",),
    "event": ("Forget contents", "Purge the user"),
}


@contextmanager
def _afternoon() -> Iterator[tuple[RunningApp, Browser, Day]]:
    with (
        azurite() as storage,
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        running_app(storage.connection_string, Path(folder)) as app,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=SWITCHES)
        yield app, browser, seed_day(app)
        browser.close()


def open_console(browser: Browser, app: RunningApp) -> Page:
    """A tab of somebody who is signed in, where it is four in the afternoon."""
    # The signs of these zones are the other way round: in Etc/GMT-2 it is two hours later than in UTC.
    ahead = (AFTERNOON - now().hour + 11) % 24 - 11
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"
    tab = browser.new_page(base_url=app.url, locale="en-GB", timezone_id=zone, reduced_motion="reduce")
    tab.goto(sign_in_link(app.url, app.seed.api_key))
    tab.get_by_role("navigation", name="Screens").wait_for()
    return tab


def show(tab: Page, hash_: str) -> None:
    """Goes to a screen and waits until it is there in full."""
    # Away first, so that each goes to another screen: the frame moves the focus once that is there.
    for place in ("#/nothing", hash_):
        if tab.evaluate("location.hash") != place:
            tab.evaluate("document.activeElement?.blur()")
            go(tab, place)
            expect(tab.get_by_role("heading", level=1)).to_be_focused()
    expect(tab.get_by_role("heading", level=1)).to_have_count(1)
    expect(tab.locator(".loading")).to_have_count(0)
    expect(tab.locator("main [aria-busy=true]")).to_have_count(0)
    expect(tab.locator("#status")).to_be_empty()


def draw(tab: Page, picture: Picture, day: Day, folder: Path) -> Path:
    """Draws one picture; its path."""
    look_like(tab, Look(picture.scheme, 1280))
    tab.set_viewport_size({"width": 1280, "height": picture.height})
    show(tab, picture.place(day))
    path = folder / f"{picture.name}.png"
    tab.screenshot(path=path, animations="disabled", caret="hide")
    return path


def _draw_all(tab: Page, day: Day, folder: Path, wanted: str) -> None:
    def each_look(name: str) -> None:
        for look in LOOKS:
            look_like(tab, look)
            tab.screenshot(path=folder / f"{name}-{look.scheme}-{look.width}.png", full_page=True)

    for name, place in SCREENS.items():
        if not re.search(wanted, name):
            continue
        show(tab, place(day))
        each_look(name)
        for verb in DIALOGS.get(name, ()):
            tab.get_by_role("button", name=verb).first.click()
            tab.get_by_role("dialog").get_by_role("button", name="Cancel").wait_for()
            each_look(f"{name}-{verb.split()[0].lower()}")
            tab.keyboard.press("Escape")


def main() -> int:
    """Draw the pictures."""
    parser = argparse.ArgumentParser(description="draws the console")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every screen in each look, into this folder")
    parser.add_argument("--only", default="", help="a pattern of the screens' names, for --all")
    given = parser.parse_args()
    with _afternoon() as (app, browser, day):
        tab = open_console(browser, app)
        if given.all:
            given.all.mkdir(parents=True, exist_ok=True)
            _draw_all(tab, day, given.all, given.only)
            return 0
        IMAGES.mkdir(exist_ok=True)
        for picture in PICTURES:
            sys.stdout.write(f"{draw(tab, picture, day, IMAGES)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
