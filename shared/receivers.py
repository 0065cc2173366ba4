"""The parts that have to do with receivers: registering webhooks, dispatching events, delivering them.

Apart from shared/hub.py because receiving an event needs none of them, and a cold start should not wait for them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from shared.audit.entry import Keeper
from shared.delivery.attempt import Caller
from shared.delivery.deliverers import make_deliverers
from shared.delivery.disabling import Disabling, Notices
from shared.delivery.fan_out import DeliveryFanOut
from shared.delivery.known_secrets import KnownSecrets
from shared.delivery.lanes import Lanes
from shared.delivery.log import DeliveryLog
from shared.delivery.own_address import own_addresses
from shared.delivery.queues import DeliveryQueues
from shared.delivery.receiver_check import ReceiverCheck
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.replay import Replay
from shared.delivery.target_policy import TargetPolicy
from shared.delivery.transport import Transport
from shared.delivery.worker import DeliveryParts, DeliveryWorker
from shared.events.dispatch import Completion, Dispatcher
from shared.events.store import EventStore
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.recipients import Recipients
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.saving import WebhookSaving
from shared.webhooks.usage import UsageCounter


@dataclass(frozen=True)
class Receivers:
    """Registrations, and what calls the receivers behind them."""

    webhooks: WebhookRegistry
    saving: WebhookSaving
    dispatcher: Dispatcher
    deliveries: DeliveryLog
    worker: DeliveryWorker
    replay: Replay
    known_secrets: KnownSecrets
    sealer: Sealer

    @classmethod
    def assemble(
        cls,
        settings: Settings,
        storage: StorageAccount,
        events: EventStore,
        completion: Completion,
        notices: Notices,
        audit: Keeper,
        now: Callable[[], datetime],
    ) -> Self:
        """The parts of these settings; one transport, and so one policy, serves save, test and delivery."""
        transport = Transport(
            TargetPolicy(
                settings.delivery_require_https, settings.delivery_allowed_networks, own_addresses(settings.own_urls)
            ),
            deadline_seconds=settings.delivery_deadline_seconds,
            max_response_bytes=settings.delivery_max_response_bytes,
        )
        deliverers = make_deliverers(settings, transport, now)
        limits = WebhookLimits.of(settings)
        registry, sealer = WebhookRegistry(storage, limits, now), Sealer(settings.secrets_key)
        queues, deliveries = DeliveryQueues(storage), DeliveryLog(storage.table(DELIVERIES_TABLE))
        usage = UsageCounter(storage.table(USAGE_TABLE))
        recipients = Recipients.of(settings.notice_mailbox, settings.notice_domains)
        parts = DeliveryParts(
            registry=registry,
            events=events,
            deliveries=deliveries,
            queues=queues,
            usage=usage,
            sealer=sealer,
            caller=Caller(deliverers, now),
            disabling=Disabling(registry, events, usage, notices, recipients, now, audit),
            lanes=Lanes(),
        )
        return cls(
            webhooks=registry,
            saving=WebhookSaving(
                registry,
                events,
                sealer,
                ReceiverCheck(deliverers, now),
                now,
                limits=limits,
                secret_overlap=timedelta(seconds=settings.secret_overlap_seconds),
                recipients=recipients,
            ),
            dispatcher=Dispatcher(events, completion, DeliveryFanOut(registry, queues), settings.retry_delays),
            deliveries=deliveries,
            worker=DeliveryWorker(parts, settings.retry_delays, settings.disable_after, now),
            replay=Replay(deliveries, queues, now),
            known_secrets=KnownSecrets(sealer, now),
            sealer=sealer,
        )
