"""What no test in the browser may ever see: errors, dialogs, violations of the policy, other origins, leaked keys."""

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Response

from shared.api.console.headers import POLICY

NOT_FOUND = 404
_COLLECT = """
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) =>
      window.violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
"""
# Chromium writes a line of its own for each answer of 4xx and 5xx, and each request without one: no error of the page.
_FAILED_LOAD = "Failed to load resource: "


@dataclass
class Watch:
    """Watches all pages of a context; `url` is the one origin that they may ask, `secrets` what no address may hold."""

    url: str
    secrets: Collection[str]
    faults: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Begin to watch."""
        context.add_init_script(_COLLECT)
        context.on("page", self._watch_page)
        context.on("request", self._watch_request)
        context.on("response", self._watch_response)
        context.on("console", self._watch_console)
        context.on("weberror", lambda error: self.faults.append(f"page error: {error.error.stack or error.error}"))

    def collect(self, context: BrowserContext) -> list[str]:
        """All that was seen, with the violations of the pages that are still open."""
        for page in context.pages:
            self.faults += [f"violation: {one}" for one in page.evaluate("window.violations ?? []")]
        return self.faults

    def _watch_page(self, page: Page) -> None:
        def note(dialog: Dialog) -> None:
            self.faults.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.on("dialog", note)

    def _watch_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_FAILED_LOAD):
            self.faults.append(f"console {message.type}: {message.text}")

    def _watch_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "about:")):
            self.faults.append(f"another origin: {request.url}")
        if any(secret in request.url for secret in self.secrets):
            self.faults.append(f"a key in an address: {request.url.partition('?')[0]}")

    def _watch_response(self, response: Response) -> None:
        is_console = urlsplit(response.url).path.startswith("/api/console")
        if is_console and response.headers.get("content-security-policy") != POLICY:
            self.faults.append(f"without the policy: {response.url}")
        if is_console and response.status == NOT_FOUND:
            self.faults.append(f"the console has no such file: {response.url}")
