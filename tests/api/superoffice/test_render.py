import json
from datetime import datetime, timedelta, timezone

import pytest
from jsonschema import Draft7Validator

from shared.api.superoffice.render import default_webhook, render_result
from shared.api.superoffice.render import render as rendered_by_us
from shared.webhooks.associate import associate_of
from shared.webhooks.registration import Usage
from shared.webhooks.webhook import parse_webhook
from tests.api.superoffice.samples import (
    DEFINITIONS,
    FULL,
    MINIMAL,
    TYPES,
    WEBHOOK,
    WEBHOOK_RESULT,
    WEBHOOK_WITH_LINKS,
    registered,
    rendered,
    validator,
)

LINKS = {"_Links": {"Self": "https://hub.example/api/v1/Webhook/18", "Archive": "https://hub.example/api/v1/Webhook"}}
USAGE = Usage(total_calls=9, total_errors=3, consecutive_errors=2, last_error="410 Gone")


@pytest.mark.parametrize("document", [MINIMAL, FULL])
def test_a_webhook_is_what_the_vendor_defines(document: dict[str, object]) -> None:
    entity = rendered(document, USAGE)
    validator(WEBHOOK).validate(entity)
    validator(WEBHOOK_WITH_LINKS).validate(entity | LINKS)


@pytest.mark.parametrize(
    "entity", [rendered(), rendered(MINIMAL), default_webhook()], ids=["full", "minimal", "default"]
)
def test_a_webhook_has_all_members_in_the_vendors_order(entity: dict[str, object]) -> None:
    assert [*entity] == [*DEFINITIONS[WEBHOOK]["properties"]]
    assert [*(entity | LINKS)] == [*DEFINITIONS[WEBHOOK_WITH_LINKS]["properties"]]


def test_the_schemas_of_these_tests_refuse_what_is_wrong() -> None:
    checks: Draft7Validator = validator(WEBHOOK)
    for wrong in ({"WebhookId": "18"}, {"State": "Paused"}, {"Events": "a"}, {"RegisteredAssociate": {"Rank": "x"}}):
        assert not checks.is_valid({**rendered(), **wrong})


def test_what_was_registered_is_read_back() -> None:
    entity = rendered(FULL, USAGE)
    assert entity.items() >= {**FULL, "Secret": "********"}.items()
    assert (entity["TotalCalls"], entity["TotalErrors"], entity["ConsecutiveErrors"]) == (9, 3, 2)
    assert entity["LastError"] == "410 Gone"


def test_an_entity_that_is_read_can_be_saved_again() -> None:
    again = parse_webhook(json.loads(json.dumps(rendered())), types=TYPES)
    assert again == registered().webhook.model_copy(update={"secret": "********"})


def test_null_stands_where_there_is_nothing_but_lists_are_empty() -> None:
    entity = rendered(MINIMAL)
    nothing = {name for name, value in entity.items() if value is None}
    assert nothing == {"Headers", "Properties", "ErrorsEmail", "Description", "LastError"}
    assert entity["ErrorEmails"] == entity["ErrorAssociates"] == []


def test_times_are_utc_to_the_second_without_an_offset() -> None:
    assert rendered()["Registered"] == "2025-11-03T09:15:42"
    assert rendered()["Updated"] == "2026-01-02T03:04:05"


def test_a_time_of_another_zone_is_turned_into_utc() -> None:
    moment = datetime(2025, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    known = {**vars(registered()), "registered": moment}
    somebody = associate_of("x", is_application=False)
    registration = type(registered())(**known)
    entity = rendered_by_us(registration, Usage(), registered_by=somebody, updated_by=somebody, secret=None)
    assert entity["Registered"] == "2024-12-31T23:30:00"


def test_several_flags_are_written_as_dot_net_writes_them() -> None:
    assert rendered({**MINIMAL, "NotifyVia": 3})["NotifyVia"] == "Email, InApp"


def test_the_default_webhook_is_the_vendors() -> None:
    # docs.superoffice.com, automation/webhook/dev/subscription.
    documented = {
        "WebhookId": 0,
        "Name": None,
        "Events": ["contact.created", "contact.deleted"],
        "ErrorsEmail": None,
        "TargetUrl": None,
        "Secret": None,
        "State": "Active",
        "Type": "webhook",
        "Headers": None,
        "Properties": None,
        "Registered": "0001-01-01T00:00:00",
        "RegisteredAssociate": None,
        "Updated": "0001-01-01T00:00:00",
        "UpdatedAssociate": None,
    }
    assert default_webhook().items() >= documented.items()
    validator(WEBHOOK).validate(default_webhook())


def test_changing_one_default_webhook_leaves_the_next_alone() -> None:
    default_webhook()["Events"] = []
    assert default_webhook()["Events"] == ["contact.created", "contact.deleted"]


def test_the_outcome_of_a_test_is_a_webhook_result() -> None:
    result = render_result(is_success=False, message="410 Gone")
    validator(WEBHOOK_RESULT).validate(result)
    assert [*result] == [*DEFINITIONS[WEBHOOK_RESULT]["properties"]]
