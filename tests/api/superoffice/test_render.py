import json
from datetime import datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from shared.api.superoffice.render import default_webhook, render_result, tag_times, with_links
from shared.api.superoffice.render import render as rendered_by_us
from shared.webhooks.associate import associate_of
from shared.webhooks.registration import Usage
from shared.webhooks.webhook import parse_webhook
from tests.api.superoffice.samples import FULL, MINIMAL, TYPES, registered, rendered
from tests.support.superoffice import DEFAULT_WEBHOOK, Webhook, WebhookResult, WebhookWithLinks, member_names

LINKS = {"_Links": {"Self": "https://hub.example/api/v1/Webhook/18", "Archive": "https://hub.example/api/v1/Webhook"}}
ASSOCIATE = associate_of("anna@example.com", is_application=False).render()
USAGE = Usage(total_calls=9, total_errors=3, consecutive_errors=2, last_error="410 Gone")


@pytest.mark.parametrize("document", [MINIMAL, FULL])
def test_a_webhook_is_what_the_vendor_defines(document: dict[str, object]) -> None:
    entity = rendered(document, USAGE)
    Webhook.model_validate(entity)
    WebhookWithLinks.model_validate(entity | LINKS)


@pytest.mark.parametrize(
    "entity", [rendered(), rendered(MINIMAL), default_webhook()], ids=["full", "minimal", "default"]
)
def test_a_webhook_has_all_members_in_the_vendors_order(entity: dict[str, object]) -> None:
    assert [*entity] == member_names(Webhook)
    assert [*(entity | LINKS)] == member_names(WebhookWithLinks)


WRONG: list[dict[str, object]] = [
    {"WebhookId": "18"},
    {"WebhookId": 2**31},
    {"WebhookId": True},
    {"TotalCalls": 1.5},
    {"State": "Paused"},
    {"State": 1},
    {"Events": "a"},
    {"Events": [7]},
    {"Headers": {"X-Tenant": 7}},
    {"Properties": []},
    {"Registered": "2026-01-02T03:04:05+01:00"},
    {"Registered": "2026-01-02"},
    {"RegisteredAssociate": {}},
    {"RegisteredAssociate": {**ASSOCIATE, "Rank": "x"}},
    {"RegisteredAssociate": {**ASSOCIATE, "Type": "Person"}},
    {"RegisteredAssociate": {**ASSOCIATE, "TableRight": {"Mask": "Full"}}},
    {"ErrorAssociates": [{"Id": "5"}]},
    {"ErrorAssociates": [{"ChildItems": [{"Age": 5}]}]},
    {"NotifyVia": "Email, Pigeon"},
    {"_Links": {}},
    {"webhookId": 18},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_the_shapes_of_these_tests_refuse_what_is_wrong(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Webhook.model_validate({**rendered(), **wrong})


@pytest.mark.parametrize("name", member_names(Webhook))
def test_the_shapes_of_these_tests_miss_each_member(name: str) -> None:
    with pytest.raises(ValidationError):
        Webhook.model_validate({key: value for key, value in rendered().items() if key != name})


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
    assert default_webhook().items() >= DEFAULT_WEBHOOK.items()
    Webhook.model_validate(default_webhook())


def test_changing_one_default_webhook_leaves_the_next_alone() -> None:
    default_webhook()["Events"] = []
    assert default_webhook()["Events"] == ["contact.created", "contact.deleted"]


def test_the_outcome_of_a_test_is_a_webhook_result() -> None:
    result = render_result(is_success=False, message="410 Gone")
    WebhookResult.model_validate(result)
    assert [*result] == member_names(WebhookResult)


@pytest.mark.parametrize(
    "header", ["NO, includeTZOffset", "261,INCLUDETZOFFSET", "includeTZOffset", "Nowhere, includeTZOffset"]
)
def test_times_are_tagged_as_utc_and_never_shifted(header: str) -> None:
    entity = tag_times(rendered(), header)
    assert (entity["Registered"], entity["Updated"]) == ("2025-11-03T09:15:42Z", "2026-01-02T03:04:05Z")
    assert [*entity] == [*rendered()]


@pytest.mark.parametrize("header", [None, "", "NO", "261", "includeTZOffsets", "x" * 10_000])
def test_without_the_wish_for_offsets_times_stay(header: str | None) -> None:
    assert tag_times(rendered(), header) == rendered()


def test_a_time_that_is_unset_or_not_selected_is_not_tagged() -> None:
    assert tag_times(default_webhook(), "NO, includeTZOffset") == default_webhook()
    assert tag_times({"Registered": None}, "NO, includeTZOffset") == {"Registered": None}


def test_tagging_twice_is_tagging_once() -> None:
    once = tag_times(rendered(), "NO, includeTZOffset")
    assert tag_times(once, "NO, includeTZOffset") == once


def test_links_lead_to_the_webhook_and_to_all_of_them() -> None:
    assert with_links(rendered(), "https://hub.example") == {**rendered(), **LINKS}
