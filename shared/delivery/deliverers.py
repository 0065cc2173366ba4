"""The types of webhooks, and who delivers each. A type that is not named here cannot be saved."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.delivery.cloudevents import CloudEvents
from shared.delivery.crmscript import CrmScript
from shared.delivery.deliverer import Deliverer
from shared.delivery.superoffice_callback import SuperOfficeCallback
from shared.delivery.transport import Transport
from shared.settings import Settings


def make_deliverers(settings: Settings, transport: Transport, now: Callable[[], datetime]) -> Mapping[str, Deliverer]:
    """One deliverer a type, by the type's name."""
    url, seconds = settings.public_url, settings.delivery_deadline_seconds
    return {
        "webhook": SuperOfficeCallback(transport, now),
        "cloudevents": CloudEvents(transport, now, public_url=url, is_binary=False),
        "cloudevents-binary": CloudEvents(transport, now, public_url=url, is_binary=True),
        "crmscript": CrmScript(settings.crmscript_entry_points, seconds),
    }
