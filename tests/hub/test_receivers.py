from dataclasses import dataclass, field, replace

from shared.clock import now
from shared.events.event import Event
from shared.hub.receivers import CompletionBySource, make_deliverers
from shared.outbound.client import HttpClient
from shared.outbound.target_policy import TargetPolicy
from shared.settings import Settings
from shared.webhooks.webhook import WEBHOOK_TYPES
from tests.support.events import make_event


@dataclass
class Completing:
    """Notes what it is given, and gives it back."""

    events: list[Event] = field(default_factory=list)

    def complete(self, event: Event) -> Event:
        self.events.append(event)
        return event

    def given_up(self, event: Event) -> Event:
        return replace(event, trimmed=True)


def test_an_event_is_completed_by_the_neighbour_that_it_came_from() -> None:
    dynamics, arcgis = Completing(), Completing()
    completion = CompletionBySource({"dynamics/": lambda: dynamics, "arcgis/": lambda: arcgis})
    ours = make_event(source="arcgis/quayOrg")
    assert completion.complete(ours) is ours
    assert (dynamics.events, arcgis.events) == ([], [ours])
    assert completion.given_up(ours) == replace(ours, trimmed=True)


def test_an_event_of_nobody_cannot_be_completed() -> None:
    assert CompletionBySource({}).complete(make_event()) is None
    assert CompletionBySource({}).given_up(make_event()) is None


def test_every_type_of_webhook_has_a_deliverer_and_every_deliverer_a_type() -> None:
    client = HttpClient(TargetPolicy(False, (), ()), deadline_seconds=1, max_response_bytes=1)
    assert make_deliverers(Settings.read({}), client, now).keys() == WEBHOOK_TYPES
