"""Markdown as a forge reads it, written so that Python-Markdown reads the same. Pure."""

import re

_FENCE = re.compile(r"\s*(```|~~~)")
_ITEM = re.compile(r"(?:[-*] |\d+\. )")
_IMAGE_ELSEWHERE = re.compile(r"!\[([^\]]*)\]\(https?://[^)]*\)")
# What belongs to an item of a list is so far from the margin, whatever its mark is.
_INDENT = 4


def for_python_markdown(text: str) -> str:
    """The same page: lists begin after a blank line, and what belongs to an item is indented by four.

    Of a picture that is elsewhere its words are left, for a browser would ask another origin for it.
    """
    lines: list[str] = []
    width = 0
    is_code = is_loose = False
    for line in text.splitlines():
        is_fence = bool(_FENCE.match(line))
        if is_code or is_fence:
            is_code ^= is_fence
            lines.append(_moved(line, width))
            continue
        item = _ITEM.match(line)
        if item and lines and lines[-1] and (is_loose or not width):
            lines.append("")
        if item:
            width, is_loose = len(item[0]), False
        elif line and lines and not lines[-1] and not line.startswith(" " * max(width, 1)):
            width = 0
        is_loose |= not line
        lines.append(_IMAGE_ELSEWHERE.sub(r"\1", _moved(line, width)))
    return "\n".join([*lines, ""])


def _moved(line: str, width: int) -> str:
    is_part = bool(width) and line.startswith(" " * width)
    return " " * (_INDENT - width) + line if is_part else line
