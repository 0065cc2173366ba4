"""Type `crmscript`: entry points of the app's owner, and none but those."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared.delivery.attempt import Attempt, Verdict
from shared.delivery.callback import callback_event
from shared.delivery.crmscript import CrmScript
from shared.delivery.record import DeliveryState
from shared.errors import BadRequest
from shared.outbound.reply import OnHead, nothing
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookInput, parse_webhook
from tests.delivery import scripts
from tests.support.delivering import attempt, delivering_hub, register
from tests.support.events import make_event

NOTES, RAISES, EXITS, HANGS = (f"tests.delivery.scripts:{name}" for name in ("notes", "raises", "exits", "hangs"))
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
EVENT = make_event(changes=("title",))


@pytest.fixture(autouse=True)
def _scripts_are_put_back() -> Iterator[None]:
    scripts.told.clear()
    scripts.may_end.clear()
    yield
    scripts.may_end.set()


def webhook(entry_point: str, **members: object) -> WebhookInput:
    document = {"Name": "Mine", "Events": ["x"], "TargetUrl": entry_point, "Type": "crmscript", **members}
    return parse_webhook(document, types=WEBHOOK_TYPES)


def called(
    entry_point: str, *, seconds: float = 10.0, allowed: tuple[str, ...] | None = None, on_head: OnHead = nothing
) -> Attempt:
    script = CrmScript((entry_point,) if allowed is None else allowed, seconds, lambda: NOW)
    return script.deliver(webhook(entry_point), [], callback_event(EVENT), retry=0, at=NOW, on_head=on_head)


def test_a_script_is_told_the_event_and_the_properties_of_its_webhook() -> None:
    given = webhook(NOTES, Properties={"tenant": 7, "EventId": "mine", "eventid": "mine", "SOURCE": "mine"})
    script = CrmScript((NOTES,), 10, lambda: NOW)
    script.deliver(given, [], callback_event(EVENT), retry=0, at=NOW)
    assert scripts.told == [
        {
            "tenant": 7,
            "EventId": EVENT.id,
            "Event": EVENT.type,
            "Timestamp": EVENT.received_at,
            "PrimaryKey": 0,
            "Entity": "connection",
            "Changes": ["title"],
            "Values": {},
            "FieldValues": EVENT.field_values,
            "ChangedByAssociateId": callback_event(EVENT).changed_by,
            "ContextIdentifier": "Default",
            "WebhookName": "Mine",
            "Source": "dynamics",
        }
    ]


@pytest.mark.parametrize(
    ("entry_point", "error_class", "text"),
    [
        (RAISES, "script", "ValueError: no such record"),
        (EXITS, "script", "SystemExit"),
        ("tests.delivery.scripts:nothing", "script", "AttributeError"),
        ("nowhere.to_be_found:main", "script", "ModuleNotFoundError"),
    ],
)
def test_whatever_a_script_raises_is_its_failure(entry_point: str, error_class: str, text: str) -> None:
    failed = called(entry_point)
    assert (failed.verdict, failed.error_class, failed.status) == (Verdict.FAILED, error_class, None)
    assert text in failed.text
    # What the script says may quote the event, so LastError has its class alone.
    assert failed.last_error == f"the script raised {text.partition(':')[0]}"
    assert len(failed.text) <= 4000


@pytest.mark.parametrize(("entry_point", "answers"), [(NOTES, 1), (RAISES, 0), (HANGS, 0)])
def test_a_script_has_answered_when_it_has_returned(entry_point: str, answers: int) -> None:
    heads: list[str] = []
    called(entry_point, seconds=0.1 if entry_point == HANGS else 10, on_head=lambda: heads.append("came"))
    assert len(heads) == answers


def test_a_script_has_a_time_limit() -> None:
    failed = called(HANGS, seconds=0.1)
    assert (failed.verdict, failed.error_class) == (Verdict.FAILED, "timeout")


def test_an_entry_point_that_was_taken_off_the_list_is_not_called() -> None:
    failed = called(NOTES, allowed=(RAISES,))
    assert (failed.error_class, scripts.told) == ("blocked", [])


@pytest.mark.parametrize("on_the_list", ["", RAISES])
def test_an_entry_point_that_is_not_on_the_list_cannot_be_saved(connection_string: str, on_the_list: str) -> None:
    hub = delivering_hub(connection_string, CRMSCRIPT_ENTRY_POINTS=on_the_list)
    with pytest.raises(BadRequest) as caught:
        register(hub, NOTES, Type="crmscript")
    assert (caught.value.errors[0].pointer, scripts.told) == ("#/TargetUrl", [])
    assert "CRMSCRIPT_ENTRY_POINTS" in caught.value.detail


@pytest.mark.parametrize(
    "entry_point",
    ["nowhere.to_be_found:main", "tests.delivery.scripts:nothing", "no entry", "tests.delivery.bad_script:main"],
)
def test_an_entry_point_on_the_list_that_cannot_be_loaded_cannot_be_saved(
    connection_string: str, entry_point: str
) -> None:
    hub = delivering_hub(connection_string, CRMSCRIPT_ENTRY_POINTS=entry_point)
    with pytest.raises(BadRequest, match="TargetUrl cannot be loaded"):
        register(hub, entry_point, Type="crmscript")


def test_a_saved_script_gets_its_test_event_and_then_events_by_the_same_path_as_receivers(
    connection_string: str,
) -> None:
    hub = delivering_hub(connection_string, CRMSCRIPT_ENTRY_POINTS=f"{RAISES}, {NOTES}")
    registration = register(hub, NOTES, Type="CRMScript")
    event = attempt(hub, registration)
    assert [one["Event"] for one in scripts.told] == ["test", event.type]
    record = hub.receivers.deliveries.get(registration.id, event)
    assert record is not None
    assert (record.state, record.log[0].status) == (DeliveryState.DELIVERED, None)


def test_a_script_is_told_old_values_and_parameters_as_receivers_are() -> None:
    told = {"previous_values": {"name": "Thirty"}, "parameters": {"State": 1}, "reconstructed": True, "trimmed": True}
    script = CrmScript((NOTES,), 10, lambda: NOW)
    script.deliver(webhook(NOTES), [], callback_event(make_event(**told)), retry=0, at=NOW)
    [event] = scripts.told
    assert (event["PreviousValues"], event["Parameters"]) == ({"name": "Thirty"}, {"State": 1})
    assert (event["Reconstructed"], event["Trimmed"]) == (True, True)
