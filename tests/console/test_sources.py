"""The page's sources, read: nothing that the policy would stop, nothing from elsewhere, each screen listed."""

import re
from pathlib import Path

import pytest

from shared.delivery.record import DeliveryState
from tests.support.cases import holds_for

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "Console" / "static"
OWN = sorted(path for path in STATIC.rglob("*") if path.is_file() and "vendor" not in path.parts)
MODULES = [path for path in OWN if path.suffix == ".js"]
MAX_LINES = 200
FORBIDDEN = {
    "an inline style": r"\sstyle\s*=|<style|styleMap|cssText",
    "an inline script": r"<script(?![^>]*\ssrc=)[^>]*>|\son[a-z]+\s*=\s*[\"'{$]",
    "HTML from a text": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|unsafeSVG|DOMParser|srcdoc",
    "a program from a text": r"\beval\(|new Function|setTimeout\([\"'`]|javascript:",
    "what outlives the tab": r"localStorage|indexedDB|document\.cookie",
    "a class": r"^\s*(export )?(default )?class\s",
    "another origin": r"[\"'`(]https?://|[\"'`(]//\w",
}
ROUTES = (STATIC / "routes.js").read_text(encoding="utf-8")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def code(path: Path) -> str:
    """A file without its comments, and an SVG without its namespace."""
    return re.sub(r"^\s*(//|\*|/\*).*$", "", text(path), flags=re.MULTILINE).replace(
        'xmlns="http://www.w3.org/2000/svg"', ""
    )


@holds_for("what", sorted(FORBIDDEN))
@holds_for("path", OWN)
def test_a_file_has_nothing_that_the_policy_stops_or_that_could_be_an_attack(path: Path, what: str) -> None:
    assert re.findall(FORBIDDEN[what], code(path), re.MULTILINE) == []


@holds_for("path", MODULES)
def test_a_module_is_short_typed_and_says_what_it_is_for(path: Path) -> None:
    lines = text(path).splitlines()
    assert len(lines) <= MAX_LINES
    assert lines[0] == "// @ts-check"
    assert lines[1].startswith("// ")


def addresses(path: Path) -> list[Path]:
    """The files that a file names."""
    found = re.findall(r"(?:from|import|import\()\s*\(?[\"'](\.[^\"']+)[\"']", text(path))
    own = [(path.parent / name).resolve() for name in found]
    return own + [STATIC / name for name in re.findall(r"(?:src|href)=\"/api/console/([^\"]+)\"", text(path))]


@holds_for("path", OWN)
def test_what_a_file_names_exists(path: Path) -> None:
    assert [name for name in addresses(path) if not name.is_file()] == []


def test_every_file_is_named_by_another_one() -> None:
    named = {name for path in OWN for name in addresses(path)}
    alone = {path.name for path in OWN if path not in named}
    # Parts for screens: the first screen that needs one names it.
    assert alone <= {"index.html", "bulk.js", "calls.js", "forms.js", "paging.js"}


def test_every_view_is_a_screen_and_every_screen_a_view() -> None:
    routed = set(re.findall(r"import\(\"\./views/(\w+)\.js\"\)", ROUTES))
    views = {path.stem for path in (STATIC / "views").glob("*.js")}
    assert routed | {"signin"} == {
        name for name in views if name in routed or "export const title" in text(STATIC / "views" / f"{name}.js")
    } | {"signin"}
    assert routed <= views


@pytest.mark.parametrize("path", sorted(re.findall(r"path: \"([^\"]+)\"", ROUTES)))
def test_every_screen_is_documented(path: str) -> None:
    assert f"`#{path}`" in text(ROOT / "docs" / "console.md")


@holds_for("word", [*(state.value for state in DeliveryState), "dispatched", "stopped", "disabled"])
def test_help_says_what_each_state_means(word: str) -> None:
    told = dict(re.findall(r'^  \["(\w+)", "(.+)"\],$', text(STATIC / "views" / "help.js"), re.MULTILINE))
    assert told[word.capitalize()].endswith((".", ")."))


def test_a_library_is_named_with_its_version_only_where_it_is_handed_on() -> None:
    naming = {path.name for path in OWN if "vendor/" in code(path)}
    assert naming == {"index.html", "lit.js", "lit_live.js"}


def test_the_clock_of_this_machine_is_read_in_one_place() -> None:
    reading = {path.name for path in MODULES if re.search(r"new Date\(\)|Date\.now\(", code(path))}
    assert reading == {"clock.js"}
