"""Every text that a stranger can choose is tried as an attack, in whatever part shows it."""

from playwright.sync_api import Page, expect

from tests.browser.harness import run, show_list
from tests.support.cases import holds_for

ATTACKS = [
    "<img src=x onerror=window.pwned=1>",
    '"><script>window.pwned=1</script>',
    "<svg/onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "'-alert(1)-'",
    "</textarea></title></style><script>window.pwned=1</script>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><input name=innerHTML></form>",
    "<a id=app href=javascript:window.pwned=1>x</a>",
    "&lt;b&gt; &amp;amp;",
    "<!--?lit$1$--><?lit$1$>",
    "\U0001f4a5\U00020bb7 ﷽",
    "__proto__ constructor toString",
    "x" * 100_000,
]
HIDDEN = "a\u202eb\u0000c\u0007d\u200be\u2066f\ufeffg"
SHOWN = r"a\u{202e}b\u{0}c\u{7}d\u{200b}e\u{2066}f\u{feff}g"
DANGEROUS = "script, iframe, object, embed, base, meta, form[action], img, [onerror], [onload], [style]:not(.chart *)"
EVERYWHERE = """
    const text = argument;
    const failure = Object.assign(new Error(text),
      {name: "ApiError", status: 400, fields: {[text]: text, TargetUrl: text}});
    const columns = [
      {name: "Id", isHead: true, cell: (row) => parts.foreign(row.id)},
      {name: "X", cell: (row) => row.id},
    ];
    const {targetUrl} = forms.wrongFields(failure);
    shown(lit.html`<h1>${text}</h1>
      ${parts.table({caption: text, rows: [{id: text}], key: (row) => row.id, columns})}
      ${parts.facts([[text, parts.foreign(text)], ["Id", parts.id(text, text)], ["At", parts.when(text)]])}
      ${parts.block(text, text)} ${parts.state(text, "bad")} ${parts.empty(text)} ${parts.failure(failure)}
      ${forms.summary(failure, {targetUrl: text})}
      ${forms.field({name: "targetUrl", label: text, value: text, hint: text, wrong: targetUrl})}
      ${forms.field({name: "long", label: "L", value: text, isLong: true})}`);
    document.querySelectorAll("dialog").forEach((open) => open.close());
    void dialogs.confirm({title: text, text, verb: text, typed: text});
"""


def dangerous(tab: Page) -> int:
    """How many elements there are that could do something."""
    return tab.locator(DANGEROUS).count()


@holds_for("text", ATTACKS)
def test_a_text_is_shown_as_it_is_and_does_nothing(console: Page, text: str) -> None:
    before = dangerous(console)
    run(console, EVERYWHERE, text)
    dialog = console.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text(text)
    shown: str = console.locator("main").evaluate("(main) => main.textContent")
    assert shown.count(text) >= 10
    assert console.locator("input[name=targetUrl]").input_value() == text
    assert console.evaluate("window.pwned") is None
    assert dangerous(console) == before
    links: list[str] = console.evaluate("[...document.links].map((link) => link.getAttribute('href'))")
    assert [link for link in links if not link.startswith("#/")] == []


def test_what_is_invisible_or_turns_others_around_is_spelled_out(console: Page) -> None:
    show_list(console, "return [{id: " + repr(HIDDEN).replace("\\x00", "\\u0000").replace("\\x07", "\\u0007") + "}];")
    expect(console.get_by_role("rowheader")).to_have_text(SHOWN)


@holds_for("attack", ["#/help?q=<img src=x onerror=window.pwned=1>", '#/"><script>window.pwned=1</script>'])
def test_an_address_does_nothing_but_lead(console: Page, attack: str) -> None:
    before = dangerous(console)
    console.evaluate("(hash) => { location.hash = hash; }", attack)
    expect(console.get_by_role("heading", level=1)).to_be_visible()
    assert (console.evaluate("window.pwned"), dangerous(console)) == (None, before)


def test_a_copied_text_is_the_text_itself(console: Page) -> None:
    console.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run(console, "shown(parts.copy(argument, 'target'));", HIDDEN.replace("\0", ""))
    console.get_by_role("button", name="Copy target").click()
    expect(console.get_by_role("status")).to_have_text("Copied the target.")
    assert console.evaluate("navigator.clipboard.readText()") == HIDDEN.replace("\0", "")
