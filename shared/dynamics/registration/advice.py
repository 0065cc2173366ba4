"""Warnings to those who register a webhook or a step: sentences, never refusals. Pure.

Those who may register may also send rows anywhere (docs/security.md), so nothing here forbids. Only a stage that
this app cannot take at its own addresses is refused, in own_addresses.py.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from shared.dynamics.registration.address import address, query_names
from shared.dynamics.registration.authentication import AnyAuthentication, HttpQueryString
from shared.dynamics.registration.own_addresses import POST_OPERATION, OwnAddresses, ReceivingFunction, takes_message
from shared.dynamics.registration.step import STAGES, WITH_OR_WITHOUT_TABLE, Step, StepSlot
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
# What these messages do, an Update of these columns does as well, and the forms of Dynamics use that.
_ALSO_UPDATES = {
    "assign": "ownerid",
    "setstate": "statecode and statuscode",
    "setstatedynamicentity": "statecode and statuscode",
}
_NOT_ASCII = "Dataverse sends characters of a query that are not ASCII as %u00e9, which most receivers cannot read"


@dataclass(frozen=True)
class Advisor:
    """Knows where this app is, and which requests it accepts there."""

    own: OwnAddresses

    def webhook(
        self, webhook: Webhook, authentication: AnyAuthentication | None = None, others: Iterable[Webhook] = ()
    ) -> Webhook:
        """The webhook with its warnings.

        `authentication` is what was just written; `others` are the webhooks of the organization.
        """
        warnings = [*self._address_warnings(webhook.url)]
        if isinstance(authentication, HttpQueryString) and not authentication.is_ascii:
            warnings.append(f"authentication has characters that are not ASCII: {_NOT_ASCII}")
        same = [one.id for one in others if one.id != webhook.id and address(one.url) == address(webhook.url)]
        if same:
            warnings.append(f"url reaches the same function as {', '.join(same)}, so each event is sent twice")
        return replace(webhook, warnings=tuple(warnings))

    def step(self, step: Step, webhook: Webhook) -> Step:
        """The step with its warnings."""
        return replace(step, advice=tuple(_step_warnings(step.slot, self.own.function_at(webhook.url))))

    def _address_warnings(self, url: str) -> Iterable[str]:
        if self.own.function_at(url) is None:
            yield "url is not this app's (PUBLIC_URL): rows of Dataverse go to another receiver"
        try:
            target = parse_target(url.strip())
        except TargetRefused as refused:
            yield f"url is not an address that can be called: {refused.detail}"
        else:
            yield from _target_warnings(target)
        if secrets := [name for name in query_names(url) if _SECRET_NAME.search(name)]:
            yield (
                f"url has a secret in its query ({', '.join(secrets)}) for all who may read webhooks in Dataverse; "
                "authentication hides it"
            )
        if not unquote(url.partition("?")[2]).isascii():
            yield f"url has characters in its query that are not ASCII: {_NOT_ASCII}"


def local_reason(host: str) -> str | None:
    """Why a host is private or local, by its text alone (no name is resolved); None if it is neither."""
    literal = literal_address(host)
    if literal is not None:
        return blocked_reason(literal, ())
    name = host.lower().rstrip(".")
    if "." not in name:
        return f"{host} is a name in a local network"
    suffix = next((suffix for suffix in _LOCAL_SUFFIXES if name.endswith(suffix)), None)
    return f"names that end with {suffix} are local" if suffix else None


def _target_warnings(target: Target) -> Iterable[str]:
    if target.scheme == "http":
        yield (
            "url is http, so rows and secrets are sent unencrypted; an app that accepts only https answers with a "
            "redirect, which turns the request into a GET"
        )
    if reason := local_reason(target.host):
        yield f"url is private or local: {reason}, and Dataverse may not reach it, or reach something else there"


def _step_warnings(slot: StepSlot, function: ReceivingFunction | None) -> Iterable[str]:
    if function is not None and not takes_message(function, slot):
        yield "this app accepts only Create of connection here: it refuses each request of this step with 400"
    if function is ReceivingFunction.EVENTS:
        yield from _event_warnings(slot)
    if slot.stage == POST_OPERATION:
        return
    if function is not None:
        yield "this app accepts only what has happened: it refuses each request before PostOperation with 400"
    elif slot.stage in STAGES:
        yield "before PostOperation a new row does not exist yet: it may have no id, and may never come to be"


def _event_warnings(slot: StepSlot) -> Iterable[str]:
    message, table, _ = slot.key
    if message in _ALSO_UPDATES:
        yield (
            f"a change that is made by an Update comes as an event `updated` instead, which needs a step on Update of "
            f"{_ALSO_UPDATES[message]}; one save may be two of those"
        )
    if message in WITH_OR_WITHOUT_TABLE and not table:
        yield "it has no table, so it runs for rows of all tables"
