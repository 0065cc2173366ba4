"""What keeps and forgets, put together from the settings."""

from shared.hub.hub import Hub
from shared.settings import Settings


def test_retention_has_the_settings_as_they_were_given(hub: Hub) -> None:
    assert (hub.retention.days, hub.retention.payload_days) == ("90", "0")


def test_settings_that_make_no_sense_do_not_stop_the_app() -> None:
    given = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "RETENTION_DAYS": "-1"}
    assert Hub.assemble(Settings.read(given)).retention.days == "-1"
