"""The five calls to a queue service, and the ways to be let in by one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.queue import AccountSasPermissions, QueueClient, ResourceTypes, generate_account_sas

from devhost.azurite import Azurite
from devhost.connections import NoConnection, queue_service
from devhost.queue_account import QueueAccount, SharedKey, Token, account_by_connection_string
from devhost.queue_service import NoSuchThing, QueueFailed, QueueService
from tests.devhost.queues import Queues
from tests.fakes.server import FakeServer, Received, Reply

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
TEXT = '<a> & "b" grüße ]]>'


class Refusing(FakeServer):
    """A queue service that lets nobody in."""

    def reply(self, request: Received) -> Reply:
        return Reply(403, b"", {"x-ms-error-code": "AuthenticationFailed"})


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with Refusing() as running:
        yield running


@pytest.fixture
def queues(azurite_process: Azurite) -> Queues:
    return Queues(azurite_process.connection_string)


@pytest.fixture
def service(queues: Queues) -> QueueService:
    return queue_service("", {"AzureWebJobsStorage": queues.connection_string})


def by_signature(connection_string: str) -> str:
    """A connection string with a shared access signature in place of the key."""
    with QueueClient.from_connection_string(connection_string, "any") as client:
        account, endpoint = str(client.account_name), client.url.rpartition("/")[0]
    signature = generate_account_sas(
        account,
        KEY,
        ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(read=True, write=True, delete=True, add=True, process=True, create=True, update=True),
        datetime.now(UTC) + timedelta(hours=1),
    )
    return f"QueueEndpoint={endpoint}/;SharedAccessSignature=?{signature}"


@pytest.mark.parametrize("is_signature", [False, True])
def test_a_message_is_sent_fetched_hidden_and_deleted(queues: Queues, is_signature: bool) -> None:
    text = by_signature(queues.connection_string) if is_signature else queues.connection_string
    service, name = queue_service("", {"AzureWebJobsStorage": text}), queues.name("way")
    for _ in range(2):
        service.send(name, TEXT)
    first, second = service.fetch(name, 32, 30)
    assert (first.content, first.dequeue_count, second.content) == (TEXT, 1, TEXT)
    assert first.inserted_on < first.next_visible_on < first.expires_on
    assert service.fetch(name, 32, 30) == []
    again = service.hide(name, first, 0)
    assert again.pop_receipt != first.pop_receipt
    (back,) = service.fetch(name, 1, 30)
    assert (back.id, back.dequeue_count) == (first.id, 2)
    service.delete(name, back)
    with pytest.raises(NoSuchThing):
        service.delete(name, back)


def test_what_is_sent_expires_after_a_week(service: QueueService, queues: Queues) -> None:
    service.send(queues.name("week"), TEXT)
    (message,) = service.fetch(queues.name("week"), 1, 30)
    assert message.expires_on - message.inserted_on == timedelta(days=7)


def test_a_missing_queue_is_told_apart_and_made_by_what_sends(service: QueueService, queues: Queues) -> None:
    with pytest.raises(NoSuchThing):
        service.fetch(queues.name("none"), 1, 30)
    service.send(queues.name("none"), "now")
    assert [message.content for message in service.fetch(queues.name("none"), 1, 30)] == ["now"]


def test_a_refusal_is_told_without_the_address_and_not_tried_again(refusing: Refusing) -> None:
    text = f"QueueEndpoint={refusing.url}/x;SharedAccessSignature=sig=confidential"
    with pytest.raises(QueueFailed, match=r"^403 AuthenticationFailed$"):
        queue_service("", {"AzureWebJobsStorage": text}).fetch("q", 1, 30)
    (call,) = refusing.journal
    assert (call.path, call.query["sig"]) == ("/x/q/messages", "confidential")


def test_a_service_that_is_busy_is_asked_twice(refusing: Refusing) -> None:
    refusing.answer_next(Reply(503, b"", {"x-ms-error-code": "ServerBusy"}), Reply(204, b"", {}))
    account = QueueAccount(refusing.url, Token(lambda: "t"))
    QueueService(account).send("q", "text")
    assert [call.method for call in refusing.journal] == ["POST", "POST"]


def test_nobody_who_listens_is_a_failure_without_the_address() -> None:
    account = account_by_connection_string(
        "QueueEndpoint=http://127.0.0.1:1;SharedAccessSignature=sig=confidential", ""
    )
    with pytest.raises(QueueFailed) as failed:
        QueueService(account).fetch("q", 1, 30)
    assert (str(failed.value), failed.value.__cause__) == ("NewConnectionError", None)


def test_an_identity_opens_with_its_token_of_the_moment(refusing: Refusing) -> None:
    tokens = iter(["first", "second"])
    service = QueueService(QueueAccount(refusing.url, Token(lambda: next(tokens))))
    for _ in range(2):
        with pytest.raises(QueueFailed):
            service.fetch("q", 1, 30)
    assert [call.headers["authorization"] for call in refusing.journal] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (f"AccountName=n;AccountKey={KEY}", "https://n.queue.core.windows.net"),
        (
            f"DefaultEndpointsProtocol=http; AccountName=n ;AccountKey={KEY};EndpointSuffix=core.example;",
            "http://n.queue.core.example",
        ),
        (f"accountname=n;accountkey={KEY};queueendpoint=https://q.example/", "https://q.example"),
        ("UseDevelopmentStorage=true;", "http://127.0.0.1:1/dev"),
    ],
)
def test_a_connection_string_names_a_place(text: str, endpoint: str) -> None:
    development = f"AccountName=dev;AccountKey={KEY};QueueEndpoint=http://127.0.0.1:1/dev"
    assert account_by_connection_string(text, development).endpoint == endpoint


@pytest.mark.parametrize(
    "text",
    ["", "confidential", "AccountName=n;AccountKey=no base64", "AccountName=n", f"AccountKey={KEY}", "QueueEndpoint=q"],
)
def test_a_text_that_is_no_connection_string_is_not_repeated(text: str) -> None:
    with pytest.raises(NoConnection) as refused:
        queue_service("Mine", {"Mine": text or " "})
    assert str(refused.value) == "the app setting Mine is not a connection string"


def test_the_setting_is_found_with_its_prefix_too_or_named() -> None:
    assert isinstance(queue_service("Mine", {"AzureWebJobsMine": f"AccountName=n;AccountKey={KEY}"}), QueueService)
    with pytest.raises(NoConnection, match="the app setting Mine is missing"):
        queue_service("Mine", {"Mine": ""})


def test_a_key_is_never_shown() -> None:
    shown = repr(QueueAccount("https://n.example", SharedKey("n", KEY), "sig=confidential"))
    assert (KEY in shown, "confidential" in shown) == (False, False)
