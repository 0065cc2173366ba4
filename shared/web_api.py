"""The client of a neighbour's JSON web API: called with the app's own token, within the time that a request has."""

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from shared.clock import now
from shared.deadline import remaining_seconds, try_spend
from shared.errors import BadRequest, HubError, Throttled, Unavailable
from shared.lenient_json import parse_lenient_object
from shared.retry_after import retry_after

_CONNECT_SECONDS = 3.0
# A read that begins just before the deadline ends this much after it: a request is answered within 25 s nonetheless.
READ_SECONDS = 5.0
_MAX_SECONDS = 20.0
_REDIRECTS = range(300, 400)
_DEFAULT_PAUSE_SECONDS = 1.0
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
    """What a neighbour answered, failures of its own aside: the status and the JSON object, empty without a body.

    Names of headers compare ignoring case. `is_second` says that the same request was sent before and answered 503. It
    may have been done then: a 503 often comes from something in between, and not from what does the work.
    """

    status: int
    content: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    is_second: bool = False

    @property
    def error_code(self) -> str | None:
        """The code of an OData error, which may be empty; None for any other body, such as a proxy's page."""
        error = self.content.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return code if isinstance(code, str) else None

    def __str__(self) -> str:
        """Status and code for a sentence, `403 Authorization_RequestDenied`, and nothing else of the answer."""
        code = self.error_code or ""
        return f"{self.status} {code}" if _CODE.fullmatch(code) else str(self.status)


@dataclass(frozen=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_busy(self) -> bool:
        return self.status in {requests.codes.too_many_requests, requests.codes.service_unavailable}

    def pause_seconds(self) -> float | None:
        """The pause that Retry-After asks for, counted from now; None if it says nothing usable."""
        asked = retry_after(self.headers.get("Retry-After"), now())
        return None if asked is None else asked.total_seconds()


class WebApi:
    """One neighbour. It is asked again after 429 and 503, as long as deadline and retry budget leave time for a pause.

    name: what the neighbour is called in messages.
    base_url: where its paths begin; may be empty, and then every call raises `on_unavailable`.
    token: gives an access token, and may raise Unavailable; None sends none.
    on_unavailable: raised if the neighbour cannot be reached, or answers 5xx.
    on_bad_response: raised if the neighbour is there, but its answer is unusable; by default on_unavailable.
    read_seconds: how long one read may take.
    setting: the app setting that holds the base URL.

    Every method raises Throttled if the neighbour stays busy: its last answer was 429, or 503 with a Retry-After.
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
        # No proxy and no .netrc of the environment; looking for them costs more than the rest of a call.
        self._session.trust_env = False

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Get a path below the base URL, or a whole address of the same origin."""
        return self._call("GET", path, headers or {}, None)

    def post(self, path: str, content: Json) -> Answer:
        """Post a JSON object that changes nothing, so that it may be sent again."""
        return self._call("POST", path, {}, content)

    def send(self, method: str, path: str, headers: Mapping[str, str], content: Json | None = None) -> Answer:
        """Send a request that changes something, and that may be sent again after 429 and 503."""
        return self._call(method, path, headers, content)

    def bad_response(self, detail: str) -> HubError:
        """The error for an answer that this neighbour should never give."""
        return self._on_bad_response(f"{self._name} {detail}")

    def pages(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        check: Callable[[Answer], None] = lambda _: None,
    ) -> Iterator[Json]:
        """The rows of a collection, all pages of it. A page without rows is a failure, never the end.

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
        response, is_second = self._send_with_retries(method, self._address(path), headers, content)
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

    def _send_with_retries(
        self, method: str, url: str, headers: Mapping[str, str], content: Json | None
    ) -> tuple[_Response, bool]:
        """The first answer that is not busy, and whether an earlier one was a 503."""
        may_be_done = False
        for tries_left in reversed(range(_MAX_TRIES)):
            response = self._send(method, url, headers, content)
            if not response.is_busy:
                break
            may_be_done = may_be_done or response.status == requests.codes.service_unavailable
            asked = response.pause_seconds()
            pause = _DEFAULT_PAUSE_SECONDS if asked is None else asked
            if not tries_left or not try_spend(pause, at_most=_MAX_SECONDS):
                raise self._busy(response.status, asked)
            time.sleep(pause)
        return response, may_be_done

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

    def _busy(self, status: int, pause: float | None) -> Unavailable:
        # A 503 that names no pause may be anybody's on the way, and says nothing about the neighbour.
        is_throttled = status == requests.codes.too_many_requests or pause is not None
        error_class = Throttled if is_throttled else self._on_unavailable
        error = error_class(f"{self._name} answered {status}: too many requests, or too busy")
        error.retry_after_seconds = None if pause is None else min(math.ceil(pause), _MAX_RETRY_AFTER_SECONDS)
        return error

    def _parse(self, response: _Response) -> Json:
        if not response.body:
            return {}
        try:
            return parse_lenient_object(response.body)
        except BadRequest:
            if response.status < requests.codes.bad_request:
                raise self.bad_response("answered with something that is not a JSON object") from None
            return {}


class _Bearer(AuthBase):
    """The token as requests wants it. A plain header would give way to the .netrc of whoever runs the command line."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()
