"""Dialogs: where the focus is, what the buttons say, and what many things in one go look like."""

from playwright.sync_api import Page, expect

from tests.browser.harness import run

ASK = """
    const opener = document.createElement("button");
    opener.textContent = "Delete";
    blank().append(opener);
    opener.focus();
    window.result = null;
    void dialogs.confirm({title: "Delete it?", text: "It goes.", verb: "Delete 1", typed: argument})
      .then((result) => { window.result = result; });
"""


def result(tab: Page) -> object:
    """What came of the dialog; the browser tells of its end a moment after it is gone. None if nothing does."""
    value: object = tab.evaluate("""new Promise((resolve) => {
        const look = (left) =>
          window.result !== null || !left ? resolve(window.result) : setTimeout(look, 10, left - 1);
        look(200);
    })""")
    return value


def test_cancel_has_the_focus_and_escape_means_no_and_gives_the_focus_back(console: Page) -> None:
    run(console, ASK.replace("argument", "undefined"))
    expect(console.get_by_role("button", name="Cancel")).to_be_focused()
    console.keyboard.press("Escape")
    expect(console.get_by_role("dialog")).to_have_count(0)
    expect(console.get_by_role("button", name="Delete")).to_be_focused()
    assert result(console) is False


def test_a_dialog_is_gone_at_once_so_that_the_next_press_counts(console: Page) -> None:
    run(console, ASK.replace("argument", "undefined"))
    press = "document.querySelector('dialog button').click(), document.querySelector('dialog') === null"
    assert console.evaluate(f"[{press}]")[1] is True


def test_the_button_with_the_verb_means_yes(console: Page) -> None:
    run(console, ASK.replace("argument", "undefined"))
    console.get_by_role("button", name="Delete 1").click()
    expect(console.get_by_role("dialog")).to_have_count(0)
    assert result(console) is True


def test_what_cannot_be_undone_wants_its_name(console: Page) -> None:
    run(console, ASK, "CRM sync")
    for typed in ("", "crm sync"):
        console.get_by_role("textbox").fill(typed)
        console.keyboard.press("Enter")
        expect(console.get_by_text("This is not the same text.")).to_be_visible()
    assert console.evaluate("window.result") is None
    console.get_by_role("textbox").fill("CRM sync")
    console.keyboard.press("Enter")
    expect(console.get_by_role("dialog")).to_have_count(0)
    assert result(console) is True


BULK = """
    window.tokens = [];
    window.fails = false;
    let left = 300;
    const count = async (token) => token ? {count: 200, more: false} : {count: 100, more: true, continuationToken: "c"};
    const step = async (token) => {
      if (window.fails) throw Object.assign(new Error("storage is away"), {name: "ApiError", status: 503});
      window.tokens.push(token);
      if (window.gate) await new Promise((go) => { window.go = go; });
      left -= 100;
      return {replayed: 100, more: left > 0, continuationToken: left > 0 ? `t${left}` : null};
    };
    blank();
    window.gate = argument;
    window.result = null;
    void bulks.bulk({title: "Replay", count, step, none: "Nothing to replay.", text: (n) => `Replay ${n} deliveries?`,
      verb: (n) => `Replay ${n}`, done: (n) => `Replayed ${n}`}).then((done) => { window.result = done; });
"""


def test_many_things_are_counted_first_and_done_to_the_end(console: Page) -> None:
    run(console, BULK, False)
    console.get_by_role("button", name="Replay 300").click()
    expect(console.get_by_text("Replayed 300 of 300.")).to_be_visible()
    assert console.evaluate("window.tokens") == [None, "t200", "t100"]
    console.get_by_role("button", name="Close").click()
    expect(console.get_by_role("dialog")).to_have_count(0)
    assert result(console) == 300


def test_many_things_stop_when_somebody_says_so(console: Page) -> None:
    run(console, BULK, True)
    console.get_by_role("button", name="Replay 300").click()
    expect(console.get_by_text("Replayed 0 of 300.")).to_be_visible()
    console.get_by_role("button", name="Stop").click()
    console.evaluate("window.go()")
    expect(console.get_by_text("Replayed 100 of 300, then stopped.")).to_be_visible()
    assert console.evaluate("window.tokens.length") == 1


def test_who_gives_up_a_dialog_is_told_of_the_call_under_way_too(console: Page) -> None:
    run(console, BULK, True)
    console.get_by_role("button", name="Replay 300").click()
    expect(console.get_by_role("button", name="Stop")).to_be_visible()
    console.keyboard.press("Escape")
    expect(console.get_by_role("dialog")).to_have_count(0)
    console.evaluate("window.go()")
    console.wait_for_function("window.result !== null")
    assert console.evaluate("[window.result, window.tokens.length]") == [100, 1]


def test_many_things_go_on_after_an_outage_where_they_were(console: Page) -> None:
    run(console, BULK, True)
    console.get_by_role("button", name="Replay 300").click()
    expect(console.get_by_role("button", name="Stop")).to_be_visible()
    console.evaluate("window.fails = true; window.gate = false; window.go()")
    expect(console.get_by_role("alert")).to_contain_text("This was not finished. Storage is away")
    console.evaluate("window.fails = false")
    console.get_by_role("button", name="Try again").click()
    expect(console.get_by_text("Replayed 300 of 300.")).to_be_visible()
    assert console.evaluate("window.tokens") == [None, "t200", "t100"]


def test_a_request_that_ends_with_its_screen_is_no_fault_of_the_page(console: Page) -> None:
    left = 'throw new DOMException("The user aborted a request.", "AbortError")'
    run(console, BULK.replace("if (window.gate)", f"{left}; if (window.gate)"), False)
    console.get_by_role("button", name="Replay 300").click()
    run(console, "dialogs.closeDialogs();")
    expect(console.get_by_role("dialog")).to_have_count(0)
    assert result(console) == 0


def test_nothing_is_asked_where_there_is_nothing_to_do(console: Page) -> None:
    run(
        console,
        BULK.replace("{count: 200, more: false}", "{count: 0, more: false}").replace("{count: 100,", "{count: 0,"),
        False,
    )
    expect(console.get_by_text("Nothing to replay.")).to_be_visible()
    expect(console.get_by_role("dialog").get_by_role("button")).to_have_text(["Close"])
