"""Every screen, in light and dark, wide and at 320 pixels: axe finds nothing, and nothing runs out to the side."""

import re

from playwright.sync_api import Page

from tests.browser.conftest import signed_in
from tests.browser.harness import run, show_list
from tests.browser.looks import LOOKS, go, wrong_with
from tests.e2e.running import RunningApp

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


def test_no_screen_shuts_anybody_out(tab: Page, app: RunningApp) -> None:
    tab.goto("/api/console")
    tab.get_by_role("heading", name="Sign in").wait_for()
    wrong = {"sign-in": wrong_with(tab)}
    signed_in(tab, app)
    for hash_, name in (("#/help", "Help"), ("#/nothing", "No such page")):
        go(tab, hash_)
        tab.get_by_role("heading", name=name, exact=True).wait_for()
        wrong[name] = wrong_with(tab)
    for name, answer in {"rows": ROWS, "nothing": "return [];", "failed": FAILS}.items():
        show_list(tab, answer)
        wrong[name] = wrong_with(tab)
    for name, program in {"parts": PARTS, "form": FORM, "dialog": DIALOG}.items():
        run(tab, program)
        wrong[name] = wrong_with(tab)
    assert wrong == {name: [] for name in wrong}


def test_what_shuts_somebody_out_is_found_in_each_look(console: Page) -> None:
    run(console, "shown(lit.html`<h1>Wrong</h1><input>`); main.style.width = '5000px';")
    found = [re.sub(": <.*", "", one) for one in wrong_with(console)]
    looks = [f"{look.scheme}, {look.width}" for look in LOOKS]
    assert found == [f"{look}: {what}" for look in looks for what in ("label", "it runs out to the side")]
