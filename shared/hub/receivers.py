"""The parts that have to do with receivers: registering webhooks, dispatching events, delivering them.

hub.py imports this module when one of them is first needed: receiving an event needs none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from shared.audit.entry import Keeper
from shared.delivery.attempt_runner import AttemptRunner
from shared.delivery.claims import Claims
from shared.delivery.cloudevents import CloudEvents
from shared.delivery.crmscript import CrmScript
from shared.delivery.deliverer import Deliverer
from shared.delivery.disabling import Notices, WebhookDisabler
from shared.delivery.fan_out import DeliveryFanOut
from shared.delivery.forgotten import DeliveryForgetting, ForgottenEvents
from shared.delivery.known_secrets import KnownSecrets
from shared.delivery.log import DeliveryLog
from shared.delivery.made_attempts import MadeAttempts
from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.bulkhead import ReceiverBulkhead
from shared.delivery.pace.circuit import PaceLimits
from shared.delivery.pace.gate import PaceGate
from shared.delivery.pace.parking import Parking
from shared.delivery.pace.store import PaceStore
from shared.delivery.pace.waker import Waker
from shared.delivery.pace.wakeups import WakeUpQueue
from shared.delivery.policy import RetryLimits
from shared.delivery.progress import DeliveryProgress
from shared.delivery.queues import DeliveryQueues
from shared.delivery.receiver_check import ReceiverCheck
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.removal import DeliveryRemoval
from shared.delivery.replaying import Replay
from shared.delivery.settling import Settling
from shared.delivery.superoffice_callback import SuperOfficeCallback
from shared.delivery.worker import DeliveryWorker
from shared.events.dispatch import Completion, Dispatcher
from shared.events.event import Event
from shared.events.store import EventStore
from shared.events.stripping import EventStripping
from shared.keeping.forgetting import Forgetting
from shared.outbound.client import HttpClient
from shared.outbound.kept_connections import KeptConnections
from shared.outbound.target_policy import TargetPolicy, own_addresses
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.recipients import Recipients
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.saving import WebhookSaving
from shared.webhooks.statistics import WebhookStatistics
from shared.webhooks.usage import NoticeClaims

_AFTER_AN_ATTEMPT_SECONDS = 30.0


def make_deliverers(settings: Settings, client: HttpClient, now: Callable[[], datetime]) -> Mapping[str, Deliverer]:
    """The deliverer for each type of webhook, by its name; WEBHOOK_TYPES in webhooks/webhook.py has the same names."""
    url, seconds = settings.public_url, settings.delivery_deadline_seconds
    return {
        "webhook": SuperOfficeCallback(client, now),
        "cloudevents": CloudEvents(client, now, public_url=url, is_binary=False),
        "cloudevents-binary": CloudEvents(client, now, public_url=url, is_binary=True),
        "crmscript": CrmScript(settings.crmscript_entry_points, seconds, now),
    }


class CompletionBySource:
    """Chooses the completion by the prefix of an event's source. Each is made when an event first needs it."""

    def __init__(self, by_prefix: Mapping[str, Callable[[], Completion]]) -> None:
        self._by_prefix = by_prefix

    def complete(self, event: Event) -> Event | None:
        """What the completion for the event's source returns; None for an event of any other source."""
        completion = self._completion(event)
        return None if completion is None else completion.complete(event)

    def given_up(self, event: Event) -> Event | None:
        """What the completion for the event's source returns; None for an event of any other source."""
        completion = self._completion(event)
        return None if completion is None else completion.given_up(event)

    def _completion(self, event: Event) -> Completion | None:
        found = (make() for prefix, make in self._by_prefix.items() if event.source.startswith(prefix))
        return next(found, None)


@dataclass(frozen=True)
class Receivers:
    """Registered webhooks, and what calls their receivers."""

    webhooks: WebhookRegistry
    saving: WebhookSaving
    dispatcher: Dispatcher
    deliveries: DeliveryLog
    worker: DeliveryWorker
    waker: Waker
    gate: PaceGate
    replay: Replay
    known_secrets: KnownSecrets
    forgetting: Forgetting
    statistics: WebhookStatistics

    @classmethod
    def assemble(
        cls,
        settings: Settings,
        storage: StorageAccount,
        events: EventStore,
        sealer: Sealer,
        completion: Completion,
        notices: Notices,
        audit: Keeper,
        now: Callable[[], datetime],
    ) -> Self:
        """The parts for these settings. One client, and so one target policy, serves save, test and delivery."""
        client = HttpClient(
            TargetPolicy(
                settings.delivery_require_https, settings.delivery_allowed_networks, own_addresses(settings.own_urls)
            ),
            deadline_seconds=settings.delivery_deadline_seconds,
            max_response_bytes=settings.delivery_max_response_bytes,
            kept=KeptConnections(),
        )
        deliverers = make_deliverers(settings, client, now)
        limits = webhook_limits(settings)
        registry = WebhookRegistry(storage, limits, now)
        queues, table = DeliveryQueues(storage), storage.table(DELIVERIES_TABLE)
        deliveries, usage = DeliveryLog(table), storage.table(USAGE_TABLE)
        recipients = Recipients.of(settings.notice_mailbox, settings.notice_domains)
        notice_claims = NoticeClaims(usage)
        # How long an attempt, and what follows it, may take at most: then whoever made it is dead.
        at_most = settings.delivery_deadline_seconds + _AFTER_AN_ATTEMPT_SECONDS
        blocked, wake_ups = BlockedWebhooks(usage), WakeUpQueue(storage, storage.now)

        gate = PaceGate(
            store=PaceStore(
                usage,
                blocked,
                wake_ups,
                PaceLimits(settings.circuit_after, settings.circuit_delays, at_most),
                storage.now,
            ),
            blocked=blocked,
            bulkhead=ReceiverBulkhead(),
            parking=Parking(table),
            wake_ups=wake_ups,
        )
        progress = DeliveryProgress(
            deliveries=deliveries,
            queues=queues,
            gate=gate,
            disabler=WebhookDisabler(registry, gate, notice_claims, notices, recipients, now, audit),
            forgotten=ForgottenEvents(gate, events),
            limits=RetryLimits(settings.retry_delays, settings.disable_after, settings.disable_after_seconds),
            now=now,
        )
        worker = DeliveryWorker(
            registry=registry,
            events=events,
            deliveries=deliveries,
            queues=queues,
            gate=gate,
            claims=Claims(table, timedelta(seconds=at_most), storage.now),
            runner=AttemptRunner(deliverers, sealer, now),
            progress=progress,
            made=MadeAttempts(),
            now=now,
        )
        waker = Waker(
            registry=registry,
            store=gate.store,
            blocked=gate.blocked,
            bulkhead=gate.bulkhead,
            parking=gate.parking,
            settling=Settling(table),
            removal=DeliveryRemoval(table),
            queues=queues,
            wake_ups=wake_ups,
            give_up_after=timedelta(seconds=settings.give_up_seconds),
        )
        return cls(
            webhooks=registry,
            saving=WebhookSaving(
                registry,
                gate,
                sealer,
                ReceiverCheck(deliverers, now),
                now,
                limits=limits,
                secret_overlap=timedelta(seconds=settings.secret_overlap_seconds),
                recipients=recipients,
            ),
            dispatcher=Dispatcher(events, completion, DeliveryFanOut(registry, queues, gate), settings.retry_delays),
            deliveries=deliveries,
            worker=worker,
            waker=waker,
            gate=gate,
            replay=progress.replay,
            known_secrets=KnownSecrets(sealer, now),
            forgetting=Forgetting(
                storage, EventStripping(storage, events), DeliveryForgetting(table, now), registry, gate
            ),
            statistics=WebhookStatistics(usage),
        )


def webhook_limits(settings: Settings) -> WebhookLimits:
    """The limits in these settings."""
    return WebhookLimits(
        webhooks=settings.max_webhooks,
        per_caller=settings.max_webhooks_per_caller,
        events=settings.max_events_per_webhook,
        bytes=settings.max_webhook_bytes,
    )
