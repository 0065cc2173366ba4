"""A page with all operations of the API, made of its OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_INTRODUCTION = """# All operations

The hub itself answers the whole document at `GET /api/openapi.json`, with every parameter, body, answer and example:
for tools, and for clients that are made from it. The [console](console.md) shows it to readers, at `#/reference`.
"""


def api_page(document: Mapping[str, Any]) -> str:
    """The page, in Markdown: one table for each tag, in the order of the document, with a row for each operation.

    An operation with several tags stands under the first; one without a tag under "Other".
    """
    rows: dict[str, list[str]] = {tag["name"]: [] for tag in document.get("tags", ())}
    for tag, row in _rows(document):
        rows.setdefault(tag, []).append(row)
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    sections = (_section(tag, about.get(tag, ""), found) for tag, found in rows.items() if found)
    return "\n".join([_INTRODUCTION, *sections])


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    base = next((server["url"] for server in document.get("servers", ())), "").rstrip("/")
    for path, item in document["paths"].items():
        for method in (one for one in _METHODS if one in item):
            operation = item[method]
            tag = next(iter(operation.get("tags", ())), "Other")
            yield tag, f"| `{method.upper()}` | `{base}{path}` | {_cell(operation.get('summary', ''))} |"


def _section(tag: str, about: str, rows: list[str]) -> str:
    table = ["| method | path | what it does |", "|---|---|---|", *rows]
    return "\n".join([f"## {tag}", "", *([about.strip(), ""] if about else []), *table, ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
