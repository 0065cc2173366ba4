"""Queue triggers and queue outputs, over a real queue service."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from devhost.azurite import Azurite
from tests.devhost.hosting import RunningHost, eventually, running_host
from tests.devhost.queues import Queues, began, write_queue_app


@pytest.fixture(scope="module")
def queues(azurite_process: Azurite) -> Queues:
    return Queues(azurite_process.connection_string)


@pytest.fixture(scope="module")
def host(queues: Queues, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    root = write_queue_app(tmp_path_factory.mktemp("app"), queues, visibilityTimeout="00:00:01")
    # Taken at once, and awaited by the last of these tests.
    queues.send("work", "slow 5")
    with running_host(root, "--lease-seconds", "2", AzureWebJobsStorage=queues.connection_string) as running:
        yield running


def test_a_message_is_delivered_once_and_its_output_sent(host: RunningHost, queues: Queues) -> None:
    queues.send("work", "good")
    assert eventually(lambda: "output of good" in queues.texts("results"))
    assert [count for count, _ in began(host, "good")] == [1]
    assert eventually(lambda: queues.texts("work") == [])


def test_a_message_that_fails_is_tried_again_after_a_while_then_goes_to_poison(
    host: RunningHost, queues: Queues
) -> None:
    queues.send("work", "fail always")
    assert eventually(lambda: "fail always" in queues.texts("work-poison"))
    (first, begun), (second, again) = began(host, "fail always")
    assert (first, second) == (1, 2)
    # visibilityTimeout is one second; the service counts in whole ones.
    assert again - begun > 0.5


def test_copies_in_poison_and_outputs_expire_after_a_week(host: RunningHost, queues: Queues) -> None:
    queues.send("work", "fail for a week")
    assert eventually(lambda: "fail for a week" in queues.texts("work-poison"))
    assert host.call("send?text=for a week").status_code == 200
    assert {*queues.lifetimes("work-poison"), *queues.lifetimes("sent")} == {timedelta(days=7)}


def test_a_function_that_fails_sends_no_output(host: RunningHost, queues: Queues) -> None:
    queues.send("work", "fail before output")
    assert eventually(lambda: "fail before output" in queues.texts("work-poison"))
    assert "output of fail before output" not in queues.texts("results")
    assert host.call("send?text=never&fail=1").status_code == 500
    assert "never" not in queues.texts("sent")


def test_a_message_that_is_not_base64_goes_to_poison_as_it_is(host: RunningHost, queues: Queues) -> None:
    queues.send("work", "no base64!", as_base64=False)
    assert eventually(lambda: "no base64!" in queues.raw_texts("work-poison"))
    assert began(host, "no base64!") == []


def test_a_message_comes_with_all_that_the_platform_tells(host: RunningHost, queues: Queues) -> None:
    queues.send("asked", '{"text": "grüße"}')
    assert eventually(lambda: queues.texts("told") != [])
    assert json.loads(queues.texts("told")[0]) == [{"text": "grüße"}, 1, True, True, True]


def test_an_output_sends_a_text_or_each_of_a_list(host: RunningHost, queues: Queues) -> None:
    assert host.call("send", params={"text": "grüße"}).status_code == 200
    assert host.call("sendmany", params={"texts": '["one", "two"]'}).status_code == 200
    assert set(queues.texts("sent")) >= {"grüße", "one", "two"}


def test_an_output_that_cannot_be_written_is_a_500_that_names_the_setting(host: RunningHost) -> None:
    response = host.call("nosetting?text=lost")
    assert (response.status_code, response.content) == (500, b"")
    assert "NoSetting failed: an output could not be written: the app setting Missing is missing" in host.log


def test_a_function_without_its_connection_is_named_in_the_log_and_the_others_run(host: RunningHost) -> None:
    assert "NoListening does not listen: the app setting Missing is missing" in host.log


def test_a_function_is_started_by_hand_with_its_outputs(host: RunningHost, queues: Queues) -> None:
    headers = {"x-functions-key": host.master_key}
    response = host.page("/admin/functions/work", "POST", json={"input": "by hand"}, headers=headers)
    assert response.status_code == 202
    assert eventually(lambda: "output of by hand" in queues.texts("results"))


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"input": 1}'])
def test_a_start_by_hand_that_is_not_understood_is_400(host: RunningHost, body: bytes) -> None:
    headers = {"x-functions-key": host.master_key}
    assert host.page("/admin/functions/work", "POST", data=body, headers=headers).status_code == 400
    assert host.page("/admin/functions/send", "POST", data=b"{}", headers=headers).status_code == 400


def test_no_message_is_ever_logged(host: RunningHost, queues: Queues) -> None:
    queues.send("work", "fail confidential")
    queues.send("work", "confidential!", as_base64=False)
    assert eventually(lambda: "fail confidential" in queues.texts("work-poison"))
    assert "confidential" not in host.log


def test_a_message_is_worked_on_once_although_it_takes_longer_than_its_lease(host: RunningHost, queues: Queues) -> None:
    assert eventually(lambda: "slow 5" in host.lines("ended"))
    assert eventually(lambda: "output of slow 5" in queues.texts("results"))
    assert [count for count, _ in began(host, "slow 5")] == [1]


def test_an_output_wakes_the_listener_of_its_queue(queues: Queues, azurite_process: Azurite, tmp_path: Path) -> None:
    own = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, own, maxPollingInterval="00:01:00")
    with running_host(root, AzureWebJobsStorage=own.connection_string) as host:
        # What is tried here is a wait: after 6.3 s without a message the next poll is more than six seconds away.
        time.sleep(6.6)
        started = time.monotonic()
        assert host.call("sendwork?text=wake").status_code == 200
        assert eventually(lambda: began(host, "wake") != [])
        assert time.monotonic() - started < 5


def test_without_encoding_texts_come_and_go_as_they_are(azurite_process: Azurite, tmp_path: Path) -> None:
    own = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, own, messageEncoding="none")
    with running_host(root, AzureWebJobsStorage=own.connection_string) as host:
        own.send("work", "as it is", as_base64=False)
        assert eventually(lambda: began(host, "as it is") != [])
        assert host.call("send?text=plain").status_code == 200
        assert own.raw_texts("sent") == ["plain"]


def test_a_message_is_worked_on_again_when_its_host_was_killed(azurite_process: Azurite, tmp_path: Path) -> None:
    own = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, own)
    own.send("work", "slow 1")
    arguments = ("--lease-seconds", "2")
    with running_host(root, *arguments, AzureWebJobsStorage=own.connection_string) as host:
        assert eventually(lambda: began(host, "slow 1") != [])
        host.process.kill()
    with running_host(root, *arguments, AzureWebJobsStorage=own.connection_string) as host:
        assert eventually(lambda: "output of slow 1" in own.texts("results"))
        assert [count for count, _ in began(host, "slow 1")] == [1, 2]
