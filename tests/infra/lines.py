"""Rows as Application Insights keeps them, of lines that the hub logs and of requests, some minutes old."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.telemetry.names import LINES
from tests.infra.kusto_engine import Row

TRACE = "0af7651916cd43dd8448eb211c80319c"
HOUR = 60.0
DAY = 24 * HOUR


def line(minutes: float, name: str, *, event: str = "", trace: str = TRACE, suffix: str = "", **fields: Any) -> Row:  # noqa: ANN401
    """A line of the hub. `suffix` is what a logger puts behind the message, a traceback for example."""
    fields = {name.removesuffix("_"): value for name, value in fields.items()}
    assert fields.keys() <= LINES[name]
    content = {"name": name, "trace": trace, **({"event": event} if event else {}), **fields}
    return trace_row(minutes, json.dumps(content, separators=(",", ":")) + suffix)


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
