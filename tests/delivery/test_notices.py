"""Mail to those who asked to be told; a log line in any case."""

import logging

import pytest

from shared.delivery.notices import GraphNotices
from shared.errors import DirectoryDown, IdentityDown
from shared.web_api import WebApi
from tests.fakes.graph import FakeGraph
from tests.fakes.server import Reply
from tests.support.lines import lines_in
from tests.support.tenant import Tenant

MAILBOX = "hub@contoso.example"
TEXT = "Event: thing.changed\nAnswer:\nHTTP 500"
PEOPLE = ("one@example.com", "two@example.com")


def notices(graph: FakeGraph, mailbox: str = MAILBOX) -> GraphNotices:
    return GraphNotices(WebApi("Graph", graph.url, lambda: graph.token, DirectoryDown), mailbox)


@pytest.fixture
def graph(tenant: Tenant) -> FakeGraph:
    tenant.graph.add_user("0a1b", MAILBOX)
    return tenant.graph


def test_all_addresses_get_one_mail_from_the_mailbox(graph: FakeGraph) -> None:
    notices(graph).send(PEOPLE, "Webhook Née was disabled", TEXT)
    assert graph.mails == [
        {
            "from": MAILBOX,
            "subject": "Webhook Née was disabled",
            "body": {"contentType": "Text", "content": TEXT},
            "bccRecipients": [{"emailAddress": {"address": address}} for address in PEOPLE],
        }
    ]


def test_an_address_that_graph_takes_for_none_costs_the_others_nothing(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    graph.no_addresses.add("not..one@example.com")
    notices(graph).send(("one@example.com", "not..one@example.com", "two@example.com"), "x", TEXT)
    assert [mail["bccRecipients"] for mail in graph.mails] == [
        [{"emailAddress": {"address": address}}] for address in PEOPLE
    ]
    assert "Graph answered 400" in caplog.text
    assert "not..one" not in caplog.text


def test_a_mail_that_graph_took_is_not_sent_again_one_by_one(graph: FakeGraph) -> None:
    notices(graph).send(PEOPLE, "x", TEXT)
    assert len(graph.journal) == 1


@pytest.mark.parametrize(("mailbox", "people"), [("", PEOPLE), (MAILBOX, ())])
def test_without_mailbox_or_addresses_there_is_one_line_in_the_log_and_graph_is_not_asked(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture, mailbox: str, people: tuple[str, ...]
) -> None:
    notices(graph, mailbox).send(people, "Webhook Mine was disabled", TEXT)
    assert lines_in(caplog.records) == [
        {"name": "notice", "subject": "Webhook Mine was disabled", "addresses": len(people)}
    ]
    assert graph.journal == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 301])
def test_a_refusal_is_logged_and_raises_nothing(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    graph.answer_always(Reply(status, b'{"error": {"code": "No", "message": "a secret of Graph"}}'))
    notices(graph).send(PEOPLE, "Webhook Mine was disabled", TEXT)
    assert lines_in((entry for entry in caplog.records if entry.levelno == logging.ERROR), "notice.failed")
    for hidden in ("a secret of Graph", *PEOPLE, graph.token):
        assert hidden not in caplog.text


def test_where_the_answer_is_lost_nobody_is_told_twice(graph: FakeGraph, caplog: pytest.LogCaptureFixture) -> None:
    graph.answer_always(Reply(202, b'{"half": "of it"}', cut=True))
    notices(graph).send(PEOPLE, "Webhook Mine was disabled", TEXT)
    assert len(graph.journal) == 1
    assert lines_in(caplog.records, "notice.failed")


def test_without_a_token_of_its_own_the_hub_only_logs(graph: FakeGraph, caplog: pytest.LogCaptureFixture) -> None:
    def no_token() -> str:
        raise IdentityDown("no token for this app")

    GraphNotices(WebApi("Graph", graph.url, no_token, DirectoryDown), MAILBOX).send(PEOPLE, "x", TEXT)
    assert graph.journal == []
    assert lines_in(caplog.records, "notice.failed")


def test_a_line_break_in_a_name_makes_no_second_line_in_the_log(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    notices(graph).send(PEOPLE, "Webhook Mine\nERROR all is lost was disabled", TEXT)
    assert "\n" not in caplog.records[0].message


def test_an_odd_mailbox_stays_one_step_of_the_path(graph: FakeGraph) -> None:
    notices(graph, "a/b?c#d@contoso.example").send(PEOPLE, "x", TEXT)
    assert [call.path for call in graph.journal] == ["/v1.0/users/a/b?c#d@contoso.example/sendMail"]
    assert graph.journal[0].query == {}


def test_a_mail_that_graph_cannot_take_now_costs_the_others_nothing(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    people = ("not..one@example.com", "one@example.com", "two@example.com", "three@example.com")
    graph.no_addresses.add(people[0])
    graph.failing_addresses.add(people[1])
    notices(graph).send(people, "x", TEXT)
    assert [mail["bccRecipients"] for mail in graph.mails] == [
        [{"emailAddress": {"address": address}}] for address in people[2:]
    ]
    assert lines_in(caplog.records, "notice.failed")
