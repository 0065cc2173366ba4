"""Turns the errors of the storage SDKs into the hub's own."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from azure.core.exceptions import AzureError, DeserializationError, HttpResponseError

from shared.errors import StorageDown, StorageRefused

_PASSING = frozenset({408, 429})
_REFUSALS = frozenset(range(400, 500)) - _PASSING


@contextmanager
def storage_failures(what: str) -> Iterator[None]:
    """Errors of the SDK inside become StorageDown; StorageRefused where storage refuses the call itself.

    `what` says what was tried, such as "insert into events". The SDK's own text only stays in the traceback, because it
    can hold addresses and parts of requests.
    """
    try:
        yield
    except HttpResponseError as exc:
        reason = error_code(exc) or exc.reason or "no reason"
        error = StorageRefused if exc.status_code in _REFUSALS else StorageDown
        raise error(f"{what}: storage answered {exc.status_code} ({reason})") from exc
    except AzureError as exc:
        raise StorageDown(f"{what}: storage cannot be reached ({type(exc).__name__})") from exc
    except (DeserializationError, AttributeError, TypeError) as exc:
        # An answer that was cut off, or written by a proxy: the SDK looks for parts that it does not have.
        raise StorageDown(f"{what}: the answer of storage cannot be read ({type(exc).__name__})") from exc


def error_code(error: HttpResponseError) -> str | None:
    """The code of storage's error, such as `TableNotFound`; None if the answer has none.

    Some calls of the SDK put it into the exception, others leave it in the answer's header or body.
    """
    code = getattr(error, "error_code", None)
    if code is not None:
        return str(getattr(code, "value", code))
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    return headers.get("x-ms-error-code") or _code_in_body(error)


def _code_in_body(error: HttpResponseError) -> str | None:
    try:
        return str(json.loads(error.response.text())["odata.error"]["code"]) if error.response else None
    except (ValueError, LookupError, TypeError):
        return None
