"""Calls to ArcGIS REST, whose answers tell success from failure in their bodies and not by their status.

docs/sources/arcgis.md 5: an error comes as HTTP 200 with `{"error": {"code", "message"}}`, or `{"status": "error"}`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from shared.errors import NotJson
from shared.outbound.client import HttpClient
from shared.outbound.reply import OutgoingRequest, RequestFailed
from shared.strict_json import parse_json

_FAILED = frozenset({"error", "failed", "failure"})
_FORM = "application/x-www-form-urlencoded"
_NO_TOKEN = frozenset({498, 499})
_SERVER_ERROR = 500
_TOO_MANY = 429
_REDIRECTS = range(300, 400)
_HEADER_TEXT = re.compile(r"[\x21-\x7e]{1,10000}")

type Json = Mapping[str, object]


@dataclass(frozen=True)
class ArcGisToken:
    """A token, and the Referer that it may be bound to."""

    value: str = field(repr=False)
    referer: str | None = None


class ArcGisRefused(Exception):
    """ArcGIS refuses a call. `code` is its own, as 498 for a token that is not valid; `detail` its text, cut short."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code} {detail}")
        self.code = code
        self.detail = detail

    @property
    def is_about_the_token(self) -> bool:
        """Whether the token is not valid, or no longer."""
        return self.code in _NO_TOKEN


class ArcGisOutage(Exception):
    """No answer came in time, or an unusable one. The text names who was asked, but no address."""


class ArcGisRest:
    """Calls portals and services. The HTTP client limits the time and the size of an answer."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def get(self, who: str, url: str, token: ArcGisToken) -> object:
        """The JSON at an address; `who` names the one who is asked. Raises ArcGisRefused and ArcGisOutage."""
        # The documentation has both. A web server before an Enterprise portal may not pass the second on.
        headers = dict.fromkeys(("X-Esri-Authorization", "Authorization"), f"Bearer {token.value}")
        return self._send(who, "GET", f"{url}{'&' if '?' in url else '?'}f=json", token, headers, b"")

    def post(self, who: str, url: str, token: ArcGisToken, form: Mapping[str, str]) -> object:
        """The JSON that answers a form; raises what `get` raises."""
        body = urlencode({**form, "f": "json", "token": token.value}).encode()
        return self._send(who, "POST", url, token, {"Content-Type": _FORM}, body)

    def _send(
        self, who: str, method: str, url: str, token: ArcGisToken, headers: Mapping[str, str], body: bytes
    ) -> object:
        referer = {"Referer": token.referer} if token.referer and _HEADER_TEXT.fullmatch(token.referer) else {}
        sent = OutgoingRequest(method, url, {"Accept": "application/json", **referer, **headers}, body)
        try:
            reply = self._http.send(sent)
        except RequestFailed as exc:
            # Only the class, because the text of the failure can name internal hosts.
            raise ArcGisOutage(f"{who} cannot be reached ({exc.error_class})") from None
        status = reply.status
        if status >= _SERVER_ERROR or status == _TOO_MANY or status in _REDIRECTS or reply.was_truncated:
            raise ArcGisOutage(f"{who} answered {status}, or its answer is too large")
        try:
            content = parse_json(reply.body)
        except NotJson:
            raise ArcGisOutage(f"{who} answered {status} with something that is not JSON") from None
        refuse_errors(who, content, status)
        return content


def refuse_errors(who: str, content: object, status: int = 200) -> None:
    """Raise ArcGisRefused or ArcGisOutage if an answer is an error, whatever its status says. Pure."""
    error = _error_in(content)
    if error is None and status < 400:
        return
    code = _code(error, status)
    if code >= _SERVER_ERROR:
        raise ArcGisOutage(f"{who} answered with error {code}")
    raise ArcGisRefused(code, _text(error))


def _error_in(content: object) -> Json | None:
    if not isinstance(content, dict):
        return None
    if "error" in content:
        error = content["error"]
        return error if isinstance(error, dict) else {"message": error}
    if str(content.get("status", "")).lower() in _FAILED:
        return {"message": content.get("messages") or content.get("message"), "code": content.get("code")}
    code = content.get("code")
    # Billing answers so. A row of data may have a code too, but no message beside it.
    if isinstance(code, int) and code >= 400 and "message" in content:
        return content
    return None


def _code(error: Json | None, status: int) -> int:
    code = (error or {}).get("code")
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    return status if status >= 400 else 400


def _text(error: Json | None) -> str:
    message = (error or {}).get("message")
    text = ", ".join(map(str, message)) if isinstance(message, list) else str(message or "no reason")
    return "".join(character for character in text if character.isprintable())[:300]
