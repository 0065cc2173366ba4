"""Builds the site of the documentation: `python -m deploy.docs`.

Zensical, from an environment of its own, makes HTML of docs/ and of what stands beside it: README.md, with which a
reader starts, and a page with all operations of the API. A link or an anchor that leads nowhere fails. Mermaid, from
npm, draws the pictures. Both are installed below `.local/`; the site asks no other origin.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from deploy.api_page import api_page
from deploy.forge_markdown import for_python_markdown
from deploy.tool import LOCAL, ROOT, Failed, install_environment, run
from devhost.install import NotInstalled, Packages, find_node, install_packages
from devhost.private import make_private_folder
from shared.api.contract.document import openapi_document
from shared.version import __version__

DOCS = ROOT / "docs"
_SITE = DOCS / "site"
_MERMAID = Packages("what draws pictures", _SITE / "npm", LOCAL / "npm-docs", "make docs")
# Pages that stand elsewhere in the repository, with their name on the site.
_BESIDE = {"README.md": "index.md", "devhost/README.md": "devhost.md"}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]*)")


def main() -> int:
    """Build the site below `.local/site`. Returns 0 if nothing was wrong."""
    try:
        site = build(DOCS, LOCAL / "site")
    except (Failed, NotInstalled, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"built; to read it: python -m http.server --directory {site.relative_to(ROOT)}\n")
    return 0


def build(docs: Path, folder: Path) -> Path:
    """Build the site of the pages in `docs`, in a folder of its own; gives the folder of the HTML, or raises Failed."""
    find_node()
    install_packages(_MERMAID)
    programs = install_environment(LOCAL / "zensical", ROOT / "deploy" / "tools" / "zensical.txt")
    make_private_folder(folder.parent)
    shutil.rmtree(folder, ignore_errors=True)
    _gather(docs, folder)
    environment = {**os.environ, "NO_COLOR": "1"}
    run([str(programs / "zensical"), "build", "--strict"], folder=folder, environment=environment)
    return folder / "html"


def _gather(docs: Path, folder: Path) -> None:
    pages = folder / "pages"
    shutil.copytree(docs, pages, ignore=shutil.ignore_patterns("site", "__pycache__"))
    for path in pages.rglob("*.md"):
        page = path.relative_to(pages)
        path.write_text(_moved(path.read_text(encoding="utf-8"), docs / page, page, docs), encoding="utf-8")
    for source, name in _BESIDE.items():
        path = ROOT / source
        text = _moved(path.read_text(encoding="utf-8"), path, Path(name), docs)
        (pages / name).write_text(text, encoding="utf-8")
    (pages / "reference.md").write_text(api_page(openapi_document()), encoding="utf-8")
    (pages / "assets").mkdir()
    shutil.copy(_MERMAID.folder / "node_modules" / "mermaid" / "dist" / "mermaid.min.js", pages / "assets")
    shutil.copytree(_SITE / "overrides", folder / "overrides")
    config = (_SITE / "zensical.toml").read_text(encoding="utf-8").replace("VERSION", __version__)
    (folder / "zensical.toml").write_text(config, encoding="utf-8")


def _moved(text: str, source: Path, page: Path, docs: Path) -> str:
    """The text of a page of the repository with its links as they are from `page` on the site."""
    moved = _LINK.sub(lambda found: _on_site(found[1], source, page, docs), text)
    return for_python_markdown(moved)


def _on_site(link: str, source: Path, page: Path, docs: Path) -> str:
    target = (source.parent / link).resolve()
    for beside, name in _BESIDE.items():
        if target == ROOT / beside:
            return os.path.relpath(name, page.parent)
    # A page of another folder than ours, in a test, stands where ours would.
    for root in (docs, DOCS):
        if target.is_relative_to(root) and link:
            found = target.relative_to(root)
            is_folder = target.is_dir()
            return os.path.relpath(found / "README.md" if is_folder else found, page.parent)
    return link


if __name__ == "__main__":
    sys.exit(main())
