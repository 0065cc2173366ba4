"""Every screen, in light and dark, wide and at 320 pixels: axe finds nothing, and nothing runs out to the side."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from devhost.install import TEST_CLIENTS, find_node, install_packages
from tests.browser.conftest import signed_in
from tests.browser.harness import run, show_list
from tests.e2e.running import RunningApp

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROWS = "return [{id: 'a'}, {id: 'b'.repeat(300)}];"
FAILS = "throw Object.assign(new Error('storage does not answer'), {name: 'ApiError', status: 503, retryAfter: 5});"
DIALOG = 'void dialogs.confirm({title: "Delete it?", text: "It goes.", verb: "Delete 1", typed: "CRM sync"});'
FORM = """
    const fields = {TargetUrl: "TargetUrl must be https"};
    const error = Object.assign(new Error("no"), {name: "ApiError", status: 400, fields});
    const wrong = forms.wrongFields(error).targetUrl;
    shown(lit.html`<h1>Edit</h1><form>${forms.summary(error, {targetUrl: "Target"})}
      ${forms.field({name: "targetUrl", label: "Target", hint: "An address", wrong})}
      ${forms.field({name: "text", label: "Text", isLong: true})}<button class="danger">Delete</button></form>`);
"""
PARTS = """
    const kinds = [["delivered", "good"], ["failed", "bad"], ["waiting", "wait"], ["stopped", "off"]];
    shown(lit.html`<h1>Parts</h1>${kinds.map(([word, kind]) => parts.state(word, kind))}
      ${parts.facts([["Id", parts.id("0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d", "id of the event")], ["At", "now"]])}
      ${parts.block("x".repeat(2000), "Payload")}`);
"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe."""
    find_node()
    install_packages(TEST_CLIENTS)
    return (TEST_CLIENTS.folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def found(tab: Page, axe: str) -> list[str]:
    """What axe finds wrong: the rule, and where."""
    # As a program of the debugger, which the policy does not judge.
    tab.evaluate(axe)
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    results: dict[str, Any] = tab.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [f"{one['id']}: {node['html'][:200]}" for one in results["violations"] for node in one["nodes"]]


def runs_out(tab: Page) -> bool:
    """Whether one has to scroll sideways to read it."""
    wide: bool = tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide


LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 320)]


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_no_screen_shuts_anybody_out(
    open_tab: Callable[..., Page], app: RunningApp, axe: str, scheme: str, width: int
) -> None:
    tab = open_tab(color_scheme=scheme, viewport={"width": width, "height": 800})
    tab.goto("/api/console")
    tab.get_by_role("heading", name="Sign in").wait_for()
    wrong = {"sign-in": [*found(tab, axe), runs_out(tab)]}
    signed_in(tab, app)
    for hash_, name in (("#/help", "Help"), ("#/nothing", "No such page")):
        tab.evaluate("(hash) => { location.hash = hash; }", hash_)
        tab.get_by_role("heading", name=name, exact=True).wait_for()
        wrong[name] = [*found(tab, axe), runs_out(tab)]
    lists = {"rows": ROWS, "nothing": "return [];", "failed": FAILS}
    for name, answer in lists.items():
        show_list(tab, answer)
        wrong[name] = [*found(tab, axe), runs_out(tab)]
    for name, program in {"parts": PARTS, "form": FORM, "dialog": DIALOG}.items():
        run(tab, program)
        wrong[name] = [*found(tab, axe), runs_out(tab)]
    assert wrong == {name: [False] for name in wrong}


def test_what_shuts_somebody_out_is_found(console: Page, axe: str) -> None:
    run(console, "shown(lit.html`<h1>Wrong</h1><input>`); main.style.width = '5000px';")
    assert [one.partition(":")[0] for one in found(console, axe)] == ["label"]
    assert runs_out(console)
