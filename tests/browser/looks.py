"""What is looked at on every screen: what axe finds, whether it runs out to the side, and what could do something."""

import json
from typing import Any

from playwright.sync_api import Page

from devhost.install import TEST_CLIENTS, find_node, install_packages

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [("light", 320), ("dark", 1280)]
"""Both schemes and both widths; colours do not depend on the width."""


def axe_source() -> str:
    """The source of axe."""
    find_node()
    install_packages(TEST_CLIENTS)
    return (TEST_CLIENTS.folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def wrong_with(tab: Page, axe: str) -> list[str]:
    """What shuts somebody out of what the tab shows now."""
    # As a program of the debugger, which the policy does not judge.
    tab.evaluate(axe)
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    results: dict[str, Any] = tab.evaluate(f"axe.run(document, {json.dumps(options)})")
    found = [f"{one['id']}: {node['html'][:200]}" for one in results["violations"] for node in one["nodes"]]
    if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("it runs out to the side")
    return found


def go(tab: Page, hash_: str) -> None:
    """Follow an address of the console in the tab."""
    tab.evaluate("(hash) => { location.hash = hash; }", hash_)
