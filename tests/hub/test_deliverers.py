"""The types of webhooks: those that can be saved are those that can be delivered."""

from datetime import UTC, datetime

from shared.hub.receivers import make_deliverers
from shared.settings import Settings
from shared.webhooks.webhook import WEBHOOK_TYPES
from tests.outbound.calling import http_client


def test_every_type_that_can_be_saved_has_its_deliverer_and_no_other_has_one() -> None:
    settings = Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true"})
    assert make_deliverers(settings, http_client(), lambda: datetime.now(UTC)).keys() == WEBHOOK_TYPES
