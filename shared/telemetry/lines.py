"""Writes what operators count: one JSON object a line, which is the whole message of a log record.

Python's log records carry no other fields to Application Insights; queries read them with `parse_json(Message)`.
Metrics listen to the same calls, so that lines and metrics never differ.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from shared.secret_mask import SECRET_MASK
from shared.telemetry.tracing import Place, place

MAX_TEXT = 2000
"""Characters of one text in a line; a record of Application Insights holds 32,768 in all."""

MAX_STACK = 16_000
"""Characters of the stack that follows the line of an error."""

type Listener = Callable[[str, Mapping[str, Any]], None]
"""Is told each line's name and fields."""

_MAX_LINE = 30_000
# Of a longer text no more than this is looked at; what is masked may be longer than what stands for it.
_MAX_LOOKED_AT = 4 * MAX_TEXT
# Keys of functions, signatures of storage, tokens, secrets of webhooks: in addresses, headers and JSON that somebody's
# answer or an SDK's text may repeat. What is in a group stays.
_SECRET = re.compile(
    # A parameter of an address, plain or percent-encoded, or a part of a connection string.
    r"(?i)(?P<parameter>(?:(?:\b|(?<=%3f)|(?<=%26))(?:code|sig|pwd)|signature|token|secret|secrets?_key"
    r"|api[_-]?key|account_?key|access_?key|functions-key|subscription-key|client_assertion|password)(?:=|%3d))[^&;,\s\"'<>\\]+"
    # A header, or a member of JSON or of a printed dictionary.
    r"|(?P<header>(?:functions-key|api[_-]?key|subscription-key|hook-signature|client_secret|password|access_?token"
    r"|refresh_?token)[\"']?\s*[:=]\s*[\"']?)[^&;,\s\"'<>\\]+"
    r"|(?P<scheme>authorization[\"']?\s*[:=]\s*[\"']?(?:[a-z-]+\s+)?)[^;,\s\"'<>\\]+"
    r"|(?P<cookie>\bcookie[\"']?\s*:\s*)[^\r\n\"'<>\\]+"
    r"|(?P<token>\b(?:bearer|basic)\s+)[\w~+/.=-]{16,}"
    # Userinfo, up to the last @ before the path.
    r"|(?P<address>://)[^/?#\s\"']+@"
    # What tells by its form what it is: API keys of the hub, secrets of webhooks, JWTs.
    r"|\b(?:hub_|whsec_|whsk_)[\w+/=-]{8,}|\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"
)

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
        _log(log, level, _text(line), exc_info)
    for listener in _listeners:
        listener(name, fields)


def listen(listener: Listener) -> Callable[[], None]:
    """Have each line told to a listener, which must not raise; returns what ends that."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def mask_secrets(text: str | None) -> str | None:
    """A text without what looks like a key, a signature or a token in it; of a very long one the beginning."""
    return text and _SECRET.sub(_masked, text[:_MAX_LOOKED_AT])


def _masked(found: re.Match[str]) -> str:
    before = found[found.lastgroup] if found.lastgroup else ""
    return f"{before}{SECRET_MASK}{'@' if found.lastgroup == 'address' else ''}"


def _log(log: logging.Logger, level: int, text: str, exc_info: BaseException | bool | None) -> None:
    # Three frames up: whoever told.
    file, number, function, _ = log.findCaller(stacklevel=3)
    error = sys.exception() if exc_info is True else exc_info or None
    given = (type(error), error, error.__traceback__) if error else None
    record = log.makeRecord(log.name, level, file, number, "%s", (text,), given, function)
    if error:
        # Formatters take this for the stack. The text of an exception may repeat whatever was called, and with what.
        record.exc_text = _stack(error)
    log.handle(record)


def _stack(error: BaseException) -> str:
    """The stack with its causes, as Python prints it; of a very long one the end, which says what happened."""
    lines = traceback.format_exception(error)
    masked = "".join(_SECRET.sub(_masked, line[:_MAX_LOOKED_AT]) for line in lines)
    return masked[-MAX_STACK:].rstrip("\n")


def _text(line: Mapping[str, Any]) -> str:
    text = json.dumps(line)
    if len(text) <= _MAX_LINE and len(line.get("detail") or "") <= MAX_TEXT:
        return text
    cut = {name: value[:MAX_TEXT] if isinstance(value, str) else value for name, value in line.items()}
    return json.dumps(cut)
