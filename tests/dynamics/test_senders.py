import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.dynamics.senders import ORGANIZATIONS_TABLE, Senders
from shared.errors import Forbidden, StorageDown
from shared.hub.hub import Hub
from shared.storage.query import Query
from tests.support.events import RECEIVED_AT
from tests.support.transport import Fault, JournalTransport

PRODUCTION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
SANDBOX = "4b8e2d61-90f3-4c7a-b5d8-1e6f0a9c3733"


def organizations_of(hub: Hub, *allowed: str) -> Senders:
    """What another process has in memory."""
    return Senders(hub.storage.table(ORGANIZATIONS_TABLE), allowed)


def noted(hub: Hub) -> set[str]:
    return {str(row["RowKey"]) for row in hub.storage.table(ORGANIZATIONS_TABLE).query(Query())}


def made_up(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.fixture
def organizations(hub: Hub) -> Senders:
    """Where every organization may send."""
    return organizations_of(hub)


def test_where_none_is_named_every_organization_may_send(organizations: Senders) -> None:
    organizations.require_allowed(SANDBOX)


def test_where_some_are_named_all_others_are_refused(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    organizations = organizations_of(hub, PRODUCTION)
    organizations.require_allowed(PRODUCTION)
    with pytest.raises(Forbidden, match=SANDBOX):
        organizations.require_allowed(SANDBOX)
    [line] = warnings_in(caplog)
    assert SANDBOX in line
    assert PRODUCTION in line
    assert "DYNAMICS_ORGANIZATIONS" in line


def test_an_organization_is_noted_once_with_the_time(
    hub: Hub, organizations: Senders, transport: JournalTransport
) -> None:
    organizations.note(PRODUCTION, RECEIVED_AT)
    [row] = hub.storage.table(ORGANIZATIONS_TABLE).query(Query())
    assert (row["RowKey"], str(row["FirstSeenAt"])[:10]) == (PRODUCTION, "2026-03-14")
    transport.forget()
    organizations.note(PRODUCTION, RECEIVED_AT.replace(year=2027))
    assert transport.calls == []


def test_another_process_reads_once_and_writes_nothing(
    hub: Hub, organizations: Senders, transport: JournalTransport
) -> None:
    organizations.note(PRODUCTION, RECEIVED_AT)
    other = organizations_of(hub)
    transport.forget()
    other.note(PRODUCTION, RECEIVED_AT)
    other.note(PRODUCTION, RECEIVED_AT)
    assert transport.summary == ["GET organizations"]


def test_a_second_organization_is_a_warning_once(
    hub: Hub, organizations: Senders, caplog: pytest.LogCaptureFixture
) -> None:
    organizations.note(PRODUCTION, RECEIVED_AT)
    assert warnings_in(caplog) == []
    for process in (organizations, organizations, organizations_of(hub)):
        process.note(SANDBOX, RECEIVED_AT)
        process.note(PRODUCTION, RECEIVED_AT)
    [line] = warnings_in(caplog)
    assert PRODUCTION in line
    assert SANDBOX in line
    assert "2 organizations" in line
    assert "DYNAMICS_ORGANIZATIONS" in line


def test_a_second_organization_that_may_send_is_no_warning(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    organizations = organizations_of(hub, PRODUCTION, SANDBOX)
    for id_ in (PRODUCTION, SANDBOX):
        organizations.note(id_, RECEIVED_AT)
    assert (warnings_in(caplog), organizations.warnings(), noted(hub)) == ([], [], {PRODUCTION, SANDBOX})


def test_whoever_looks_is_told_as_long_as_no_setting_says_which_may_send(hub: Hub, organizations: Senders) -> None:
    assert organizations.warnings() == []
    organizations.note(PRODUCTION, RECEIVED_AT)
    assert organizations.warnings() == []
    organizations.note(SANDBOX, RECEIVED_AT)
    [told] = organizations_of(hub).warnings()
    assert PRODUCTION in told
    assert SANDBOX in told
    assert organizations_of(hub, PRODUCTION).warnings() == []


def test_ids_that_somebody_makes_up_do_not_fill_the_table(hub: Hub, organizations: Senders) -> None:
    for number in range(150):
        organizations.note(made_up(number), RECEIVED_AT)
    assert len(noted(hub)) == 100


def test_they_do_not_fill_it_over_many_processes_either(hub: Hub, organizations: Senders) -> None:
    for number in range(100):
        organizations.note(made_up(number), RECEIVED_AT)
    for number in range(100, 105):
        organizations_of(hub).note(made_up(number), RECEIVED_AT)
    assert len(noted(hub)) == 100


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_outage_of_storage_costs_nothing_but_the_note_and_the_next_event_brings_it(
    hub: Hub,
    organizations: Senders,
    transport: JournalTransport,
    caplog: pytest.LogCaptureFixture,
    number: int,
    fault: Fault,
) -> None:
    transport.forget()
    transport.fail(number, fault)
    organizations.note(PRODUCTION, RECEIVED_AT)
    assert [PRODUCTION in line for line in warnings_in(caplog)] == [True]
    organizations.note(PRODUCTION, RECEIVED_AT)
    assert noted(hub) == {PRODUCTION}


def test_whoever_looks_in_an_outage_is_told_of_it(organizations: Senders, transport: JournalTransport) -> None:
    transport.forget()
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        organizations.warnings()


def test_processes_that_see_one_at_the_same_moment_note_it_once_and_one_of_them_warns(
    hub: Hub, organizations: Senders, caplog: pytest.LogCaptureFixture
) -> None:
    organizations.note(PRODUCTION, RECEIVED_AT)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda process: process.note(SANDBOX, RECEIVED_AT), [organizations_of(hub) for _ in range(8)]))
    assert (noted(hub), len(warnings_in(caplog))) == ({PRODUCTION, SANDBOX}, 1)
