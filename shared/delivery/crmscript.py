"""Type `crmscript`: calls a Python function of the app's owner. Only functions in an allow-list can be called."""

import importlib
import threading
from collections.abc import Callable
from datetime import datetime
from queue import Empty, SimpleQueue

from shared.delivery.attempt import Attempt, elapsed, loggable
from shared.delivery.callback import CallbackEvent, own_members
from shared.delivery.deliverer import ReceiverConsent
from shared.delivery.known_secrets import redaction_of
from shared.errors import FieldError
from shared.outbound.reply import ErrorClass, OnHead, nothing
from shared.telemetry.tracing import carried
from shared.validation import field_error
from shared.webhooks.properties import usable_properties
from shared.webhooks.webhook import WebhookInput


class CrmScript:
    """Calls `module:function` with the event, for at most `seconds`. `allowed` are the entry points that may be named.

    A script that runs longer has failed; its thread is left running, because Python cannot end it. `now` returns the
    current time in UTC.
    """

    def __init__(self, allowed: tuple[str, ...], seconds: float, now: Callable[[], datetime]) -> None:
        self._allowed = frozenset(allowed)
        self._seconds = seconds
        self._now = now

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What is wrong with TargetUrl: it must be an entry point of the allow-list, and loadable."""
        if webhook.target_url not in self._allowed:
            return [field_error(("TargetUrl",), "is not one of CRMSCRIPT_ENTRY_POINTS")]
        try:
            self._load(webhook.target_url)
        except (Exception, SystemExit) as error:  # A module runs when it is imported, and may raise anything.
            return [field_error(("TargetUrl",), f"cannot be loaded ({type(error).__name__})")]
        return []

    def ask_consent(self, webhook: WebhookInput) -> ReceiverConsent:
        """Always a yes: the app's owner gave consent with the allow-list."""
        return ReceiverConsent()

    def deliver(
        self,
        webhook: WebhookInput,
        secrets: list[str],
        event: CallbackEvent,
        *,
        retry: int,
        at: datetime,
        on_head: OnHead = nothing,
    ) -> Attempt:
        """Call the script with a mapping of what a receiver would be told.

        It succeeds by returning, and that is its answer.
        """
        error_class, text, own_words = self._call(webhook.target_url, _parameters(webhook, event))
        if not error_class:
            on_head()
        # A script is told the properties, and its exceptions may repeat them.
        text = loggable(text, redaction_of(webhook, secrets))
        return Attempt(at, elapsed(at, self._now()), None, error_class, text, own_words=own_words)

    def _call(self, entry_point: str, parameters: dict[str, object]) -> tuple[str, str, str]:
        """The error class, empty for a success, and what happened as a sentence: whole, and in the hub's own words.

        What a script raises may quote the event, so only the delivery's log tells it: it goes when that is forgotten.
        """
        if entry_point not in self._allowed:
            return ErrorClass.BLOCKED.value, "the entry point is no longer in CRMSCRIPT_ENTRY_POINTS", ""
        ends: SimpleQueue[BaseException | None] = SimpleQueue()

        def run() -> None:
            try:
                self._load(entry_point)(parameters)
                ends.put(None)
            except (Exception, SystemExit) as exc:  # Whatever a script raises is its failure, not ours.
                ends.put(exc)

        threading.Thread(target=carried(run), name=f"crmscript {entry_point}", daemon=True).start()
        try:
            failure = ends.get(timeout=self._seconds)
        except Empty:
            return ErrorClass.TIMEOUT.value, f"the script ran longer than {self._seconds:g} s", ""
        if failure is not None:
            raised = f"the script raised {type(failure).__name__}"
            return ErrorClass.SCRIPT.value, f"{raised}: {failure}", raised
        return "", "the script returned", ""

    def _load(self, entry_point: str) -> Callable[[dict[str, object]], object]:
        module, _, function = entry_point.partition(":")
        loaded: Callable[[dict[str, object]], object] = getattr(importlib.import_module(module), function)
        return loaded


def _parameters(webhook: WebhookInput, event: CallbackEvent) -> dict[str, object]:
    return {
        **usable_properties(webhook.properties),
        "EventId": event.event_id,
        "Event": event.event,
        "Timestamp": event.timestamp,
        "PrimaryKey": event.primary_key,
        "Entity": event.entity,
        "Changes": list(event.changes),
        "Values": dict(event.values or {}),
        "FieldValues": dict(event.field_values),
        "ChangedByAssociateId": event.changed_by,
        "ContextIdentifier": event.context_identifier,
        "WebhookName": webhook.name,
        **own_members(event),
    }
