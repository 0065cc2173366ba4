"""Examples in the documentation."""

import re
from pathlib import Path

_DOCS = Path(__file__).parent.parent.parent / "docs"


def blocks(page: str, heading: str) -> list[str]:
    """The indented blocks below a heading of a page (`superoffice`), without their indentation."""
    text = (_DOCS / f"{page}.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip("\n") for block in found]
