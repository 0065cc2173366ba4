"""Azure's management plane (ARM): calls with a token of azd's, repeated while it is busy, and refused in a sentence."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from infra.hooks.azd import token_for
from infra.hooks.clock import Clock, Patience
from infra.hooks.deployment import Deployment
from infra.hooks.failure import HookFailed
from infra.hooks.web import Answer, NoAnswer, call

MAX_SECONDS_OF_A_CALL = 300
MAX_SECONDS_OF_A_HOOK = 1200
_MIN_PAUSE, _FIRST_PAUSE, _MAX_PAUSE = 1.0, 2.0, 30.0
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_HOLDER_IS_MISSING = frozenset(
    {"InvalidResourceType", "ParentResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound"}
)
# ARM hands calls about keys on to the app's own host, which may be starting.
_HOST_IS_BUSY = re.compile(rb"host runtime", re.IGNORECASE)


class Conflict(HookFailed):
    """Something else is in the way of what was to be written (409)."""


class Arm:
    """Calls paths below a resource id. `token` gives a token; it is asked again once if ARM does not take it any more.

    All calls together wait for MAX_SECONDS_OF_A_HOOK at most.
    """

    def __init__(self, address: str, token: Callable[[], str], clock: Clock, resource_group: str) -> None:
        self._address = address
        self._token = token
        self._clock = clock
        self._resource_group = resource_group
        self._patience = Patience(clock, MAX_SECONDS_OF_A_HOOK)
        self._header = ""

    @classmethod
    def of(cls, deployment: Deployment, clock: Clock) -> Arm:
        """The management plane of a deployment, with tokens of whoever is signed in to azd."""
        address = deployment.arm_url
        return cls(address, lambda: token_for(address, deployment.tenant), clock, deployment.resource_group)

    def find(self, path: str, version: str, *, to: str, role: str) -> Mapping[str, object] | None:
        """GET a resource; None if ARM itself says that it does not exist, and what holds it does.

        `to` says what for, `role` names roles that allow it. Any other 404 raises HookFailed: whoever goes on to make
        what is missing must not do so because something on the way does not know the address.
        """
        answer = self._send("GET", path, version, to, role, until_found=False)
        return None if _is_missing(answer) else self._read(answer, to)

    def get(self, path: str, version: str, *, to: str, role: str) -> Mapping[str, object]:
        """GET a resource; raises HookFailed if it does not exist."""
        return self._read(self._send("GET", path, version, to, role, until_found=False), to)

    def ask(self, path: str, version: str, *, to: str, role: str) -> Mapping[str, object]:
        """POST without a body, for what is answered. A 404 is waited for, as in `post`."""
        return self._read(self._send("POST", path, version, to, role, until_found=True), to)

    def post(self, path: str, version: str, *, to: str, role: str) -> None:
        """POST without a body. A 404 is waited for: what was just deployed may not be known everywhere yet."""
        self._succeeded(self._send("POST", path, version, to, role, until_found=True), to)

    def put(self, path: str, version: str, body: object, *, to: str, role: str, until_found: bool = False) -> None:
        """PUT a resource; raises Conflict if something is in its way. A 404 is waited for if it may be early."""
        self._succeeded(self._send("PUT", path, version, to, role, until_found=until_found, body=body), to)

    def _read(self, answer: Answer, to: str) -> Mapping[str, object]:
        """What was answered. What cannot be read is not taken for nothing: a key that is not seen would be replaced."""
        self._succeeded(answer, to)
        document = answer.read()
        if document is None:
            raise HookFailed(f"cannot {to}: Azure's answer cannot be read; run the same azd command again")
        return document

    def _succeeded(self, answer: Answer, to: str) -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status == 409:
            raise Conflict(f"cannot {to}: Azure answered {_status(answer)}; run the same azd command again")
        if answer.status == 404:
            raise HookFailed(f"cannot {to}: it is not there (404); run `azd provision`, then try again")
        raise HookFailed(f"cannot {to}: Azure answered {_status(answer)}; run the same azd command again")

    def _send(
        self, method: str, path: str, version: str, to: str, role: str, *, until_found: bool, body: object = None
    ) -> Answer:
        patience = Patience(self._clock, min(MAX_SECONDS_OF_A_CALL, self._patience.left))
        is_renewed, pause = False, _FIRST_PAUSE
        while True:
            answer = self._once(method, f"{quote(path, safe='/()')}?api-version={version}", body)
            if answer is not None and answer.status == 401 and not is_renewed:
                is_renewed, self._header = True, ""
                continue
            if answer is not None and not _is_busy(answer, until_found=until_found):
                return self._allowed(answer, to, role)
            asked = None if answer is None else _retry_after(answer)
            if not patience.pause(pause if asked is None else max(asked, _MIN_PAUSE)):
                why = "does not answer" if answer is None else f"is busy, or still starting ({_status(answer)})"
                raise HookFailed(
                    f"cannot {to}: Azure {why}; wait for some minutes, then run the same azd command again"
                )
            pause = min(pause * 2, _MAX_PAUSE)

    def _once(self, method: str, target: str, body: object) -> Answer | None:
        self._header = self._header or f"Bearer {self._token()}"
        try:
            return call(method, f"{self._address}{target}", {"Authorization": self._header}, body)
        except NoAnswer:
            return None

    def _allowed(self, answer: Answer, to: str, role: str) -> Answer:
        if answer.status == 401:
            raise HookFailed(
                f"cannot {to}: Azure does not take azd's sign-in ({_status(answer)}); sign in with `azd auth login`"
                " to the tenant of the subscription, then run the same azd command again"
            )
        if answer.status == 403:
            raise HookFailed(
                f"cannot {to}: whoever is signed in to azd may not ({_status(answer)}); they need the role {role}"
                f" on the resource group {self._resource_group}"
            )
        return answer


def _is_busy(answer: Answer, *, until_found: bool) -> bool:
    if answer.status == 400:
        return _HOST_IS_BUSY.search(answer.body) is not None
    return answer.status in _BUSY or (until_found and answer.status == 404)


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the answer asks to wait, in either form of the header; None if it does not."""
    text = (answer.headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    until = _moment(text)
    # Azure's own time where it tells it: this machine's may be wrong.
    now = _moment(answer.headers.get("Date") or "")
    return None if until is None else max(until - (time.time() if now is None else now), 0.0)


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a date as HTTP has it; None if it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _is_missing(answer: Answer) -> bool:
    code = _code(answer)
    return answer.status == 404 and bool(code) and code not in _HOLDER_IS_MISSING


def _status(answer: Answer) -> str:
    """The status and ARM's name of the error. Its text is left out: nobody knows what it repeats."""
    return f"{answer.status} {_code(answer)}".rstrip()


def _code(answer: Answer) -> str:
    """ARM's name of the error, empty if the answer has none."""
    error = answer.document().get("error")
    document = error if isinstance(error, dict) else answer.document()
    code = document.get("code", document.get("Code"))
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{3,60}", code) else ""
