"""Draws in the page what no screen draws at the moment of a test: its own modules, called from outside."""

from playwright.sync_api import Page

_IMPORT = """
    const names = ["parts", "lit", "dialog", "bulk", "filters", "forms", "screen", "frame"];
    const [parts, lit, dialogs, bulks, {filters}, forms, screens, frame] =
      await Promise.all(names.map((name) => import(`/api/console/${name}.js`)));
    let main = document.getElementById("main");
    const blank = () => {
      if (!main.hasAttribute("data-test")) {
        // The page goes on drawing its screen in its own element, which nobody sees any more.
        const ours = document.createElement("main");
        ours.id = "main";
        ours.setAttribute("data-test", "");
        main.replaceWith(ours);
        main = ours;
      }
      const own = document.createElement("div");
      main.replaceChildren(own);
      return own;
    };
    const shown = (template) => lit.render(template, blank());
"""
SCREEN = """
    const states = [["", "any"], ["failed", "failed"]];
    const columns = [
      {name: "Id", isHead: true, cell: (row) => parts.foreign(row.id)},
      {name: "State", cell: () => parts.state("failed", "bad")},
      {name: "At", cell: () => parts.when("2026-11-30T12:00:00Z")},
      {name: "Calls", isNumber: true, cell: () => "1"},
    ];
    const view = {
      title: "A list", refresh: 3600, load: async () => window.answer(),
      controls: (screen) => filters(screen, [
        {name: "state", label: "State", options: states}, {name: "q", label: "Search"}]),
      view: (screen) => parts.table({
        caption: "Events", rows: screen.data, key: (row) => row.id, columns, empty: "No events yet."}),
    };
    const query = new URLSearchParams(location.hash.split("?")[1]);
    const place = {route: {path: "/list", roles: null}, params: {}, query};
    const own = blank();
    const draw = () => lit.render(frame.body(window.screen_, view), own);
    const around = {session: {}, draw: () => window.screen_ && draw(), say: () => {}};
    window.screen_ = screens.openScreen(place, view, around);
    draw();
    await window.screen_.reload();
"""
"""A list whose rows `window.answer` gives; it is `window.screen_`."""


def run(tab: Page, program: str, argument: object = None) -> object:
    """What a program returns that has the modules parts, lit, dialogs, bulks, filters, forms, screens and frame."""
    result: object = tab.evaluate(f"async (argument) => {{ {_IMPORT} {program} }}", argument)
    return result


def show_list(tab: Page, answer: str) -> None:
    """A screen with a list; `answer` is a program that gives its rows, or throws."""
    run(tab, f"window.answer = async () => {{ {answer} }}; {SCREEN}")
