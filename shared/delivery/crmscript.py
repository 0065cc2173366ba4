"""Type `crmscript`: a Python entry point of the app's owner, named in an allow-list; off unless that names one."""

import importlib
import threading
from collections.abc import Callable
from datetime import datetime
from queue import Empty, SimpleQueue

from shared.delivery.callback import CallbackEvent
from shared.delivery.deliverer import RetryConsent
from shared.delivery.known_secrets import redaction_of
from shared.delivery.policy import Outcome, Verdict, loggable
from shared.delivery.redaction import Redaction
from shared.errors import FieldError
from shared.outbound.reply import ErrorClass
from shared.webhooks.properties import usable_properties
from shared.webhooks.webhook import WebhookInput


class CrmScript:
    """Calls `module:function` with the event, for `seconds` at most. `allowed` are the entry points that may be named.

    A script that takes longer has failed; its thread is left to itself, because Python cannot end it.
    """

    def __init__(self, allowed: tuple[str, ...], seconds: float) -> None:
        self._allowed = frozenset(allowed)
        self._seconds = seconds

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """Whether TargetUrl is an entry point of the allow-list that can be imported."""
        if webhook.target_url not in self._allowed:
            return [FieldError("#/TargetUrl", "TargetUrl: no entry point of CRMSCRIPT_ENTRY_POINTS has this name")]
        try:
            self._load(webhook.target_url)
        except (Exception, SystemExit) as error:  # A module runs when it is imported, and may raise anything.
            return [FieldError("#/TargetUrl", f"TargetUrl: cannot be loaded ({type(error).__name__})")]
        return []

    def ask_consent(self, webhook: WebhookInput) -> RetryConsent:
        """The owner gave it in the allow-list."""
        return RetryConsent()

    def deliver(
        self, webhook: WebhookInput, secrets: list[str], occurrence: CallbackEvent, *, attempt: int, now: datetime
    ) -> Outcome:
        """Call the script with a mapping of what a receiver would be told; returning is a success."""
        if webhook.target_url not in self._allowed:
            return _failed(ErrorClass.BLOCKED, "the entry point is not in CRMSCRIPT_ENTRY_POINTS any more")
        failures: SimpleQueue[BaseException | None] = SimpleQueue()
        redaction = redaction_of(webhook, secrets)

        def run() -> None:
            try:
                self._load(webhook.target_url)(_parameters(webhook, occurrence))
                failures.put(None)
            except (Exception, SystemExit) as exc:  # Whatever a script raises is its failure, not ours.
                failures.put(exc)

        threading.Thread(target=run, name=f"crmscript {webhook.target_url}", daemon=True).start()
        try:
            failure = failures.get(timeout=self._seconds)
        except Empty:
            return _failed(ErrorClass.TIMEOUT, f"the script took longer than {self._seconds:g} s")
        if failure is not None:
            # A script is told the properties, and its exceptions may repeat them.
            return _failed(ErrorClass.SCRIPT, f"the script raised {type(failure).__name__}: {failure}", redaction)
        return Outcome(Verdict.DELIVERED, None, "", "the script returned")

    def _load(self, entry_point: str) -> Callable[[dict[str, object]], object]:
        module, _, function = entry_point.partition(":")
        loaded: Callable[[dict[str, object]], object] = getattr(importlib.import_module(module), function)
        return loaded


def _parameters(webhook: WebhookInput, occurrence: CallbackEvent) -> dict[str, object]:
    return {
        **usable_properties(webhook.properties),
        "EventId": occurrence.event_id,
        "Event": occurrence.event,
        "Timestamp": occurrence.timestamp,
        "PrimaryKey": occurrence.primary_key,
        "Entity": occurrence.entity,
        "Changes": list(occurrence.changes),
        "Values": dict(occurrence.values or {}),
        "FieldValues": dict(occurrence.field_values),
        "ChangedByAssociateId": occurrence.changed_by,
        "ContextIdentifier": occurrence.context_identifier,
        "WebhookName": webhook.name,
        "Source": occurrence.source,
    }


def _failed(error_class: ErrorClass, text: str, redaction: Redaction | None = None) -> Outcome:
    return Outcome(Verdict.FAILED, None, error_class.value, loggable(text, redaction or Redaction()))
