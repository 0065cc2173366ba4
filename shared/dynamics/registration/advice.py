"""What somebody should know who registers a webhook or a step: sentences, never refusals. Pure.

Who may register may also send rows anywhere (docs/security.md); so nothing here forbids, and everything is said.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from shared.dynamics.registration.address import RECEIVING_PATH, address, query_names
from shared.dynamics.registration.authentication import AnyAuthentication, HttpQueryString
from shared.dynamics.registration.step import Step, StepSlot
from shared.dynamics.registration.webhook import Webhook
from shared.outbound.addresses import blocked_reason, literal_address
from shared.outbound.target import Target, TargetRefused, parse_target

_LOCAL_SUFFIXES = (
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".home.arpa",
    ".corp",
    ".private",
)
_SECRET_NAME = re.compile(r"code|sig|key|token|secret|passw|pwd|auth|credential")
_ODD_QUERY = "Dataverse writes what is not ASCII in a query as %u00e9, which most receivers do not read"


@dataclass(frozen=True)
class Advisor:
    """Knows the address of this app, `public_url`, and what it takes there."""

    public_url: str

    def webhook(
        self, webhook: Webhook, authentication: AnyAuthentication | None = None, others: Iterable[Webhook] = ()
    ) -> Webhook:
        """The webhook with its warnings; `authentication` is what was written just now, `others` are the webhooks of
        the organization."""
        warnings = [*self._address_warnings(webhook.url)]
        if isinstance(authentication, HttpQueryString) and not authentication.is_ascii:
            warnings.append(f"authentication: {_ODD_QUERY}")
        same = [one.id for one in others if one.id != webhook.id and address(one.url) == address(webhook.url)]
        if same:
            warnings.append(f"url: it reaches the same function as {', '.join(same)}, so each event is sent twice")
        return replace(webhook, warnings=tuple(warnings))

    def step(self, step: Step, webhook: Webhook) -> Step:
        """The step with its warnings."""
        return replace(step, advice=tuple(_step_warnings(step.place)) if self._is_ours(webhook.url) else ())

    def _is_ours(self, url: str) -> bool:
        return address(url) == address(self.public_url + RECEIVING_PATH)

    def _address_warnings(self, url: str) -> Iterable[str]:
        if not self._is_ours(url):
            yield "url: it is not this app's (PUBLIC_URL): rows of Dataverse go to another receiver"
        try:
            target = parse_target(url.strip())
        except TargetRefused as refused:
            yield f"url: {refused.detail}"
        else:
            yield from _target_warnings(target)
        if secrets := [name for name in query_names(url) if _SECRET_NAME.search(name)]:
            yield (
                f"url: whoever may read webhooks in Dataverse can read a secret in its query ({', '.join(secrets)}); "
                "authentication hides it"
            )
        if not unquote(url.partition("?")[2]).isascii():
            yield f"url: {_ODD_QUERY}"


def local_reason(host: str) -> str | None:
    """Why a host is a private or local one, as far as its text says; None where it does not. No name is resolved."""
    literal = literal_address(host)
    if literal is not None:
        return blocked_reason(literal, ())
    name = host.lower().rstrip(".")
    if "." not in name:
        return f"{host} is a name of a local network"
    suffix = next((suffix for suffix in _LOCAL_SUFFIXES if name.endswith(suffix)), None)
    return f"names that end with {suffix} are local" if suffix else None


def _target_warnings(target: Target) -> Iterable[str]:
    if target.scheme == "http":
        yield (
            "url: it is http, so rows and secrets travel in clear; an app that takes https alone answers with a "
            "redirect, which makes a GET of the request"
        )
    if reason := local_reason(target.host):
        yield f"url: {reason}, and Dataverse may not reach it, or reach something else there"


def _step_warnings(place: StepSlot) -> Iterable[str]:
    if place.key[:2] != ("create", "connection"):
        yield "this app takes Create of connection alone: it refuses each request of this step with 400"
    if place.stage != "PostOperation":
        yield "this app takes what has happened alone: it refuses each request before PostOperation with 400"
