"""Rows as Application Insights keeps them, of lines that the hub logs and of requests, some minutes old."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.telemetry.lines import tell
from shared.telemetry.names import LINES
from shared.telemetry.traceparent import Traceparent
from shared.telemetry.tracing import Place
from tests.infra.kusto_engine import Row
from tests.support.invoking import TRACE

HOUR = 60.0
DAY = 24 * HOUR


class _Worker(logging.Handler):
    """What the platform's worker does with a record: its text is sent on, with a traceback behind it."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = self.format(record)


_worker = _Worker()
_log = logging.getLogger(__name__)
_log.propagate = False
_log.setLevel(logging.INFO)
_log.addHandler(_worker)


def line(
    minutes: float,
    name: str,
    *,
    event: str | None = None,
    trace: str = TRACE,
    raised: Exception | None = None,
    **fields: Any,  # noqa: ANN401 - as JSON has them
) -> Row:
    """A line as the hub itself writes it; `class_` is its field `class`, `raised` an exception logged with it."""
    fields = {name.removesuffix("_"): value for name, value in fields.items()}
    assert fields.keys() <= LINES[name]
    tell(_log, name, fields, event=event, at=Place(Traceparent(trace, "b7ad6b7169203331")), exc_info=raised)
    return trace_row(minutes, _worker.text)


def trace_row(minutes: float, message: str) -> Row:
    """Any message, of the host for example."""
    return {"TimeGenerated": _ago(minutes), "Message": message, "AppRoleInstance": "one"}


def request(
    minutes: float, name: str, status: str, *, operation: str = "", success: bool | None = None, url: str = ""
) -> Row:
    """A run of a function; `status` is empty if it is no request."""
    is_success = status in ("", "200", "201") if success is None else success
    names = {"Name": name, "OperationName": operation or name}
    return {"TimeGenerated": _ago(minutes), **names, "Url": url, "ResultCode": status, "Success": is_success}


def _ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).replace(tzinfo=None).isoformat()
