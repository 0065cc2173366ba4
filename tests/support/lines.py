"""The lines that the hub logged in a test."""

import json
import logging
from collections.abc import Iterable
from typing import Any


def lines_in(records: Iterable[logging.LogRecord], *names: str) -> list[dict[str, Any]]:
    """The lines of these names, or all of them, as they were written."""
    texts = [record.getMessage() for record in records]
    lines = [json.loads(text) for text in texts if text.startswith('{"name":')]
    return [line for line in lines if line["name"] in names] if names else lines
