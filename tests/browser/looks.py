"""What is looked at on every screen: what axe finds, whether it runs out to the side, and what could do something."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from playwright.sync_api import Page

from devhost.install import TEST_CLIENTS, find_node, install_packages

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HEIGHT = 800


@dataclass(frozen=True)
class Look:
    """How a browser shows a page: `width` is that of its window, in pixels."""

    scheme: Literal["light", "dark"]
    width: int


LOOKS = [Look("light", 1280), Look("dark", 1280), Look("dark", 320), Look("light", 320)]
"""Light and dark, wide and narrow: each differs from the one before in one thing."""


@cache
def axe_source() -> str:
    """The source of axe."""
    find_node()
    install_packages(TEST_CLIENTS)
    return (TEST_CLIENTS.folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def wrong_with(tab: Page) -> list[str]:
    """What shuts somebody out of what the tab shows now: in light and in dark, wide and at 320 pixels."""
    # As a program of the debugger, which the policy does not judge.
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(axe_source())
    found = []
    for look in LOOKS:
        look_like(tab, look)
        found += [f"{look.scheme}, {look.width}: {one}" for one in _wrong_now(tab)]
    return found


def look_like(tab: Page, look: Look) -> None:
    """Show the tab in this look, without loading it again."""
    # A colour that changes little by little would be measured on its way.
    tab.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
    tab.set_viewport_size({"width": look.width, "height": HEIGHT})
    # Two frames: charts are drawn anew in the first.
    tab.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn())))")


def _wrong_now(tab: Page) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    results: dict[str, Any] = tab.evaluate(f"axe.run(document, {json.dumps(options)})")
    found = [f"{one['id']}: {node['html'][:200]}" for one in results["violations"] for node in one["nodes"]]
    if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("it runs out to the side")
    return found


def go(tab: Page, hash_: str) -> None:
    """Follow an address of the console in the tab."""
    tab.evaluate("(hash) => { location.hash = hash; }", hash_)
