"""Each citation leads to a page and a heading that exist, and none leads out of the repository.

Two forms are known: `docs/sources/dynamics.md 2.6` with the numbers of headings (also `2.6, 2.7`, `2.1 to 2.3` or `1.2
and 1.4`), and `docs/delivery.md "Schedule"`, or `docs/delivery.md#schedule`, with a heading. A page alone must exist.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SUFFIXES = (".py", ".md", ".toml", ".json", ".yml", ".yaml", ".txt", ".example", "Makefile")
FOLDERS_WITHOUT_OUR_TEXT = re.compile(r"\.git|\.venv|\.local|\.hypothesis|\..*_cache|node_modules|__pycache__")
NOT_CITATIONS = {Path(__file__).resolve()}

_NUMBER = r"\d+(?:\.\d+)*"
_NUMBERS = rf"{_NUMBER}(?:(?:, | and | to ){_NUMBER})*"
_CITATION = re.compile(
    rf'\b(?P<page>docs/[\w/-]+\.md)(?:#(?P<anchor>[\w-]+)| "(?P<heading>[^"]+)"| (?P<numbers>{_NUMBERS}))?'
)
_LINK = re.compile(r'\]\((?P<page>[^)#:\s]*)(?:#(?P<anchor>[^)]+))?\)(?:, "(?P<heading>[^"]+)")?')
_UNPUBLISHED = re.compile(r"\b(?:facts|findings)(?:/| \d)|\b(?:re)?design(?:\.md| \d)|\bstyle\.md|\bhandbook\b", re.I)
_LINE_BREAK = re.compile(r"[ \t]*\n[ \t]*(?:#(?=[ \t])[ \t]*)?")


def files(*suffixes: str) -> list[Path]:
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not FOLDERS_WITHOUT_OUR_TEXT.fullmatch(name)]
        found += [Path(folder, name) for name in names if name.endswith(suffixes)]
    return sorted(set(found) - NOT_CITATIONS)


def headings(page: Path) -> list[str]:
    """The headings of a page, without those that stand in a block of code."""
    return re.findall(r"^#{1,6} (.+?)\s*$", page.read_text(encoding="utf-8"), re.MULTILINE)


def numbers_of(page: Path) -> list[str]:
    return [found[0] for heading in headings(page) if (found := re.match(_NUMBER, heading))]


def anchors(page: Path) -> set[str]:
    """What a forge makes of the headings: lower case, no punctuation, a hyphen for a blank."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def broken_citations(text: str, root: Path = ROOT) -> Iterator[str]:
    """The citations in a text that lead nowhere; a citation may go on in the next line."""
    for found in _CITATION.finditer(_LINE_BREAK.sub(" ", text)):
        page = root / found["page"]
        if not page.is_file():
            yield f"{found['page']}: no such page"
        else:
            yield from broken_places(found, page, root)


def broken_places(found: re.Match[str], page: Path, root: Path) -> Iterator[str]:
    name = page.relative_to(root)
    if found["anchor"] and found["anchor"] not in anchors(page):
        yield f"{name}: no heading #{found['anchor']}"
    if found["heading"] and found["heading"] not in headings(page):
        yield f'{name}: no heading "{found["heading"]}"'
    for number in re.findall(_NUMBER, found["numbers"] or ""):
        if number not in numbers_of(page):
            yield f"{name}: no section {number}"


def broken_links(page: Path) -> Iterator[str]:
    """The links of a page, anchors and quoted headings behind them included, that lead nowhere."""
    for found in _LINK.finditer(_LINE_BREAK.sub(" ", page.read_text(encoding="utf-8"))):
        target = page.parent / found["page"] if found["page"] else page
        if not target.exists():
            yield f"{found['page']}: no such page"
        elif found["anchor"] and found["anchor"] not in anchors(target):
            yield f"{found['page']}: no heading #{found['anchor']}"
        elif found["heading"] and target.suffix == ".md" and found["heading"] not in headings(target):
            yield f'{found["page"]}: no heading "{found["heading"]}"'


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_citation_leads_to_a_heading() -> None:
    broken = [f"{shown(path)}: {why}" for path in files(*SUFFIXES) for why in broken_citations(path.read_text("utf-8"))]
    assert broken == []


def test_every_link_between_pages_leads_to_a_heading() -> None:
    assert [f"{shown(page)}: {why}" for page in files(".md") for why in broken_links(page)] == []


def test_nothing_cites_what_is_not_in_the_repository() -> None:
    cited = [
        f"{shown(path)}:{number}: {line.strip()}"
        for path in files(*SUFFIXES)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if _UNPUBLISHED.search(line)
    ]
    assert cited == []


def test_the_code_does_cite() -> None:
    cited = {found["page"] for path in files(".py") for found in _CITATION.finditer(path.read_text("utf-8"))}
    sources = {f"docs/sources/{page.name}" for page in DOCS.glob("sources/*.md")} - {"docs/sources/README.md"}
    assert sorted(sources - cited) == []


@pytest.mark.parametrize("folder", ["decisions", "sources"])
def test_every_page_of_a_folder_is_in_its_index(folder: str) -> None:
    pages = {page.name for page in (DOCS / folder).glob("*.md")} - {"README.md"}
    index = (DOCS / folder / "README.md").read_text("utf-8")
    assert sorted(page for page in pages if f"({page})" not in index) == []


@pytest.mark.parametrize("page", sorted((DOCS / "sources").glob("[a-z]*.md")), ids=lambda page: page.stem)
def test_every_section_about_a_neighbour_has_a_number_of_its_own_and_names_its_source(page: Path) -> None:
    first, *sections = re.split(r"^##+ ", page.read_text("utf-8"), flags=re.MULTILINE)
    names = [section.partition("\n")[0] for section in sections]
    assert [name for name in names if not re.match(rf"{_NUMBER} \S", name)] == []
    assert len(set(numbers_of(page))) == len(names)
    bodies = {section.partition("\n")[0]: section.partition("\n")[2].strip() for section in sections}
    assert [name for name, body in bodies.items() if body and "Source: " not in body] == []
    assert first.startswith("# ")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "sources").mkdir(parents=True)
    (tmp_path / "docs" / "sources" / "moon.md").write_text("# The moon\n\n## 1 Light\n\n### 1.2 Phases\n")
    (tmp_path / "docs" / "tides.md").write_text("# Tides\n\n## When it's high\n")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "docs/sources/moon.md 1.2, and 3 more words",
        "docs/sources/moon.md 1 and 1.2.",
        "# as docs/sources/moon.md\n    # 1.2 says",
        'docs/tides.md "When\nit\'s high"',
        "docs/tides.md#when-its-high",
        "docs/tides.md",
    ],
)
def test_a_citation_of_what_is_there_is_found(text: str, root: Path) -> None:
    assert list(broken_citations(text, root)) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("docs/sources/sun.md 1", "docs/sources/sun.md: no such page"),
        ("docs/sources/moon.md 1.3", "docs/sources/moon.md: no section 1.3"),
        ("docs/sources/moon.md 1, 2 and 1.2", "docs/sources/moon.md: no section 2"),
        ("# as docs/sources/moon.md\n    # 1.1 says", "docs/sources/moon.md: no section 1.1"),
        ('docs/tides.md "When it\'s low"', 'docs/tides.md: no heading "When it\'s low"'),
        ("docs/tides.md#low", "docs/tides.md: no heading #low"),
    ],
)
def test_a_citation_of_what_is_missing_is_told(text: str, why: str, root: Path) -> None:
    assert list(broken_citations(text, root)) == [why]


def test_a_link_to_what_is_missing_is_told(root: Path) -> None:
    page = root / "docs" / "links.md"
    page.write_text(
        '[a](tides.md), "Low" [b](tides.md#low) [c](sun.md) [d](tides.md#when-its-high) [e](https://x.example/#y)'
    )
    assert list(broken_links(page)) == [
        'tides.md: no heading "Low"',
        "tides.md: no heading #low",
        "sun.md: no such page",
    ]


@pytest.mark.parametrize(
    "text",
    ["fac{}ts/dynamics.md 2.6", "fac{}ts 1.7", "find{}ings/review.md", "find{}ings 5", "redes{}ign.md", "des{}ign 6b"],
)
def test_a_mention_of_unpublished_pages_is_told(text: str) -> None:
    assert _UNPUBLISHED.search(f"as {text.format('')} has it")
    assert not _UNPUBLISHED.search("artifacts/x, interesting facts, a design for 6 people, design decisions")
