"""A stand-in for App Service Authentication: it lies before the app, signs in by a cookie, and tells the app who it is.

Mode "Allow unauthenticated requests": whoever has no cookie passes as a stranger. What a browser sends under the
header's name never passes.
"""

import base64
import json

import requests

from tests.fakes.server import FakeServer, Received, Reply

HEADER = "x-ms-client-principal"
_COOKIE = "AppServiceAuthSession"
# Of one hop, or made anew on the other side.
_NOT_PASSED = {
    "connection",
    "content-length",
    "transfer-encoding",
    "host",
    "date",
    "server",
    "accept-encoding",
    "content-encoding",
    HEADER,
}


class EasyAuth(FakeServer):
    """Lies before the app at `app_url`; whoever signs in is the user `oid` of this tenant."""

    def __init__(self, app_url: str, *, tenant: str, oid: str) -> None:
        super().__init__()
        self._app = app_url
        said = {"tid": tenant, "oid": oid, "scp": "user_impersonation", "sub": "x"}
        claims = [{"typ": name, "val": value} for name, value in said.items()]
        self._principal = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()

    def reply(self, request: Received) -> Reply:
        """Signs in and out below `/.auth/`; passes all else on."""
        match request.path:
            case "/.auth/login/aad":
                return _redirect(request.query["post_login_redirect_uri"], f"{_COOKIE}=1; HttpOnly; Path=/")
            case "/.auth/logout":
                return _redirect(request.query["post_logout_redirect_uri"], f"{_COOKIE}=; Max-Age=0; Path=/")
        return self._pass_on(request)

    def _pass_on(self, request: Received) -> Reply:
        headers = {name: text for name, text in request.headers.items() if name not in _NOT_PASSED}
        if f"{_COOKIE}=1" in request.headers.get("cookie", ""):
            headers[HEADER] = self._principal
        answer = requests.request(
            request.method,
            self._app + request.path,
            params=request.query,
            headers=headers,
            data=request.body,
            timeout=30,
        )
        passed = {name: text for name, text in answer.headers.items() if name.lower() not in _NOT_PASSED}
        return Reply(answer.status_code, answer.content, passed)


def _redirect(target: str, cookie: str) -> Reply:
    return Reply(302, b"", {"Location": target, "Set-Cookie": cookie})
