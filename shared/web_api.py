"""Calls to a neighbour's JSON web API with the app's own token, within the time a request has."""

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from shared.deadline import remaining_seconds, try_spend
from shared.errors import HubError, NotJson, Unavailable
from shared.retry_after import retry_after
from shared.strict_json import parse_json

_CONNECT_SECONDS = 3.0
# A read that begins just before the deadline ends so much after it: a request is answered within 25 s nonetheless.
READ_SECONDS = 5.0
_MAX_SECONDS = 20.0
_THROTTLED = frozenset({requests.codes.too_many_requests, requests.codes.service_unavailable})
_REDIRECTS = range(300, 400)
_DEFAULT_WAIT_SECONDS = 1.0
_MAX_TRIES = 4
_MAX_RETRY_AFTER_SECONDS = 86_400
_MAX_PAGES = 200
_MAX_BYTES = 32 * 1024 * 1024
_PIECE_BYTES = 64 * 1024
_CODE = re.compile(r"[\w.-]{1,80}", re.ASCII)
_NEXT = "@odata.nextLink"

type Json = Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """An answer that is no failure of the neighbour: its status and its JSON object, empty where there is no body.

    Names of headers compare ignoring case. `is_second` says that the same request was answered 503 before, and may have
    been done nonetheless: whoever answers 503 is often not who does the work.
    """

    status: int
    content: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    is_second: bool = False

    @property
    def error_code(self) -> str | None:
        """The code of an OData error, which may be empty; None where this is none but a proxy's page, for example."""
        error = self.content.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return code if isinstance(code, str) else None

    def __str__(self) -> str:
        """Status and code for a sentence, `403 Authorization_RequestDenied`; nothing else of what came is in it."""
        code = self.error_code or ""
        return f"{self.status} {code}" if _CODE.fullmatch(code) else str(self.status)


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


class WebApi:
    """One neighbour. `token` gives an access token, and may raise Unavailable; None asks without one. `down` is raised
    for every failure; `setting` is the app setting that has the base URL.

    `odd` is raised instead where the neighbour is there, but its answer is none; it is `down` where that does not
    matter. 429 and 503 are waited out as Retry-After says, while deadline and patience leave time for it.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        token: Callable[[], str] | None,
        on_unavailable: type[Unavailable],
        *,
        on_bad_response: type[HubError] | None = None,
        read_seconds: float = READ_SECONDS,
        setting: str = "",
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._token = token
        self._on_unavailable = on_unavailable
        self._on_bad_response = on_bad_response or on_unavailable
        self._read_seconds = read_seconds
        self._setting = setting
        self._session = requests.Session()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Get a path below the base URL, or a whole address of the same origin."""
        return self._call("GET", path, headers or {}, None)

    def post(self, path: str, content: Json) -> Answer:
        """Post a JSON object that changes nothing, so that it may be sent again."""
        return self._call("POST", path, {}, content)

    def send(self, method: str, path: str, headers: Mapping[str, str], content: Json | None = None) -> Answer:
        """Send a request that changes something, and that may be sent again where it was not taken for now."""
        return self._call(method, path, headers, content)

    def bad_response(self, detail: str) -> HubError:
        """The error for an answer that is not what this neighbour says."""
        return self._on_bad_response(f"{self._name} {detail}")

    def pages(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        check: Callable[[Answer], None] = lambda _: None,
    ) -> Iterator[Json]:
        """The rows of a collection, all pages of it. A page that is none is a failure, never the end.

        `check` looks at each answer first, and may raise.
        """
        for _ in range(_MAX_PAGES):
            answer = self.get(path, headers)
            check(answer)
            rows = answer.content.get("value")
            if answer.status != requests.codes.ok or not isinstance(rows, list):
                raise self.bad_response(f"answered {answer} instead of a list")
            yield from (row for row in rows if isinstance(row, dict))
            following = answer.content.get(_NEXT)
            if not isinstance(following, str):
                return
            path = following
        raise self.bad_response(f"gives more than {_MAX_PAGES} pages")

    def _call(self, method: str, path: str, headers: Mapping[str, str], content: Json | None) -> Answer:
        url = self._address(path)
        is_second = False
        for last in (False,) * (_MAX_TRIES - 1) + (True,):
            response = self._send(method, url, headers, content)
            if response.status not in _THROTTLED:
                break
            self._wait(response, last=last)
            is_second = is_second or response.status == requests.codes.service_unavailable
        if response.status >= requests.codes.server_error:
            raise self._on_unavailable(f"{self._name} answered {response.status}")
        if response.status in _REDIRECTS:
            raise self.bad_response(f"answered {response.status}")
        return Answer(response.status, self._parse(response), response.headers, is_second)

    def _address(self, path: str) -> str:
        if not self._base_url:
            raise self._on_unavailable(
                f"the address of {self._name} is not set{self._setting and f': {self._setting}'}"
            )
        url = path if "://" in path else self._base_url + path
        if _origin(url) != _origin(self._base_url):
            # The token must not go anywhere else.
            raise self.bad_response("names a next page at another address")
        return url

    def _send(self, method: str, url: str, headers: Mapping[str, str], content: Json | None) -> _Response:
        sent = {"Accept": "application/json", **headers}
        # Both times: getting a token takes time too, and may start a process that knows no deadline.
        self._seconds_left()
        bearer = self._bearer()
        left = self._seconds_left()
        limits = (min(_CONNECT_SECONDS, left), min(self._read_seconds, left))
        try:
            with self._session.request(
                method, url, headers=sent, json=content, auth=bearer, timeout=limits, allow_redirects=False, stream=True
            ) as response:
                return _Response(response.status_code, response.headers, self._read(response))
        except (requests.RequestException, HTTPError) as exc:
            # Only the class: the text of a requests error can hold the whole address.
            raise self._on_unavailable(f"{self._name} cannot be reached ({type(exc).__name__})") from None

    def _read(self, response: requests.Response) -> bytes:
        """Read the body as it comes: the time limit of a socket begins anew with each byte, the deadline does not."""
        body = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > _MAX_BYTES:
                raise self.bad_response(f"answered with more than {_MAX_BYTES} bytes")
            self._seconds_left()
        return bytes(body)

    def _seconds_left(self) -> float:
        left = remaining_seconds(at_most=_MAX_SECONDS)
        if left <= 0:
            raise self._on_unavailable(f"no time is left to ask {self._name}")
        return left

    def _bearer(self) -> "_Bearer":
        try:
            return _Bearer(self._token() if self._token else None)
        except Unavailable as exc:
            raise self._on_unavailable(exc.detail) from exc

    def _wait(self, response: _Response, *, last: bool) -> None:
        asked = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        seconds = _DEFAULT_WAIT_SECONDS if asked is None else asked.total_seconds()
        if last or not try_spend(seconds, at_most=_MAX_SECONDS):
            error = self._on_unavailable(f"{self._name} answered {response.status}: too many requests, or too busy")
            error.retry_after_seconds = min(math.ceil(seconds), _MAX_RETRY_AFTER_SECONDS) if asked else None
            raise error
        time.sleep(seconds)

    def _parse(self, response: _Response) -> Json:
        if not response.body:
            return {}
        try:
            content = parse_json(response.body)
        except NotJson:
            content = None
        if not isinstance(content, dict):
            if response.status < requests.codes.bad_request:
                raise self.bad_response("answered with something that is no JSON object")
            return {}
        return content


class _Bearer(AuthBase):
    """The token as requests wants it. As a plain header, a .netrc of whoever runs the command line would replace it."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()
