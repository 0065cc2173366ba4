"""Dataverse says no: its error bodies as one exception (docs/sources/dynamics.md 2.1)."""

import re

from shared.web_api import Answer

_REQUEST_ID = "x-ms-service-request-id"
_MAX_MESSAGE_CHARACTERS = 1000
_WORD = re.compile(r"[\w.-]{1,80}", re.ASCII)


class DataverseRefused(Exception):
    """An answer of 400 to 499. `message` is Dataverse's own, and may repeat parts of what was sent.

    So the exception's text leaves it out. `code` looks like `0x80040217`, and may be empty. `is_dataverses` is False if
    the body is not an OData error: then something in between may have answered. `is_second` says that the same request
    was sent before and its answer was lost, or was a 503: it may have been done then.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        request_id: str = "",
        *,
        is_dataverses: bool = True,
        is_second: bool = False,
    ) -> None:
        super().__init__(f"Dataverse answered {status} ({code or 'no code'}, request {request_id or 'without an id'})")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.is_dataverses = is_dataverses
        self.is_second = is_second


def refusal_of(answer: Answer) -> DataverseRefused:
    """The refusal that an answer is, whatever its body holds."""
    error = answer.content.get("error")
    members = error if isinstance(error, dict) else {}
    code, message = _word(members.get("code")), members.get("message")
    text = message[:_MAX_MESSAGE_CHARACTERS] if isinstance(message, str) else ""
    request_id = _word(answer.headers.get(_REQUEST_ID))
    is_dataverses = isinstance(error, dict)
    return DataverseRefused(
        answer.status, code, text, request_id, is_dataverses=is_dataverses, is_second=answer.is_second
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""
