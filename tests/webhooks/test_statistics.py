"""What is read of a week's statistics: the columns that are asked for, of webhooks that were called."""

from datetime import UTC, datetime

from shared.hub.hub import Hub
from shared.timestamps import stored_time
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from shared.webhooks.stats import last_hours
from tests.support.transport import JournalTransport

NOW = datetime(2026, 3, 14, 11, 40, tzinfo=UTC)


def test_the_last_hour_alone_costs_a_column_a_webhook(hub: Hub, transport: JournalTransport) -> None:
    for webhook_id, text in (
        (7, "2026-03-14T11|3|0||||"),
        (8, "2026-03-14T11|0|2|,,,,,,,,,,,,,|,,,,,,,,,,,,,,,,,|dns=2"),
    ):
        partition, key = usage_keys(webhook_id)
        row = {"PartitionKey": partition, "RowKey": key, "LastCallAt": stored_time(NOW), "Hour131": text}
        hub.storage.table(USAGE_TABLE).insert(row)
    transport.forget()
    found = {one.webhook_id: one for _, one in hub.receivers.statistics.read(last_hours(NOW, 1))}
    # What another version wrote in another form is not shown.
    assert [found[7].is_idle, found[8].is_idle] == [True, False]
    [call] = transport.calls
    assert call.query["$select"] == ["PartitionKey,RowKey,FailingSince,LastCallAt,LastSuccessAt,Hour131"]
