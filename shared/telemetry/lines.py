"""Writes what operators count: one JSON object a line, which is the whole message of a log record.

Python's log records carry no other fields to Application Insights; queries read them with `parse_json(Message)`.
Metrics listen to the same calls, so that lines and metrics never differ.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.secret_mask import SECRET_MASK
from shared.telemetry.tracing import Place, place

MAX_TEXT = 2000
"""Characters of one text in a line; a record of Application Insights holds 32,768 in all."""

type Listener = Callable[[str, Mapping[str, Any]], None]
"""Is told each line's name and fields."""

_MAX_LINE = 30_000
# Keys of functions, signatures of storage, tokens: in addresses that somebody's answer or an SDK's text may repeat.
_SECRET = re.compile(
    r"(?i)(\b(?:code|sig|signature|token|access_token|refresh_token|client_secret|client_assertion|api_?key|accountkey"
    r"|sharedaccesskey|password)=)[^&;\s\"'<>\\]+"
    r"|(\b(?:bearer|basic)\s+)[\w~+/.=-]{16,}"
    r"|(://)[^/@\s\"']+@"
)
_MAYBE_SECRET = re.compile(r"(?i)=|bearer|basic|://")

_listeners: list[Listener] = []


def tell(
    log: logging.Logger,
    name: str,
    fields: Mapping[str, Any],
    level: int = logging.INFO,
    *,
    event: str | None = None,
    at: Place | None = None,
    exc_info: BaseException | bool | None = None,
) -> None:
    """Write the line with this name, and its fields as names.py has them: values are as JSON has them.

    Trace and event are those of the code that calls, or those of `at`; `event` stands before either. Secrets that an
    error's text may repeat are masked, and long texts are cut.
    """
    if log.isEnabledFor(level):
        here = at or place()
        line: dict[str, Any] = {"name": name}
        if here.traceparent is not None:
            line["trace"] = here.traceparent.trace_id
        if (about := event or here.event) is not None:
            line["event"] = about
        line.update(fields)
        if "detail" in line:
            line["detail"] = mask_secrets(line["detail"])
        log.log(level, "%s", _text(line), exc_info=exc_info, stacklevel=2)
    for listener in _listeners:
        listener(name, fields)


def listen(listener: Listener) -> Callable[[], None]:
    """Have each line told to a listener, which must not raise; returns what ends that."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def mask_secrets(text: str | None) -> str | None:
    """A text without what looks like a key, a signature or a token in it."""
    if not text or _MAYBE_SECRET.search(text) is None:
        return text
    return _SECRET.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    parameter, scheme, address = found.groups()
    return f"{parameter or scheme or address}{SECRET_MASK}{'@' if address else ''}"


def _text(line: Mapping[str, Any]) -> str:
    text = json.dumps(line)
    if len(text) <= _MAX_LINE and len(line.get("detail") or "") <= MAX_TEXT:
        return text
    cut = {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in line.items()}
    return json.dumps(cut)
