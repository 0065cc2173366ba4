"""The receiver that all senders are measured with counts what it gets (bench/receiver.py)."""

import time
from collections.abc import Iterator

import pytest
import requests

from bench.receiver import RunningReceiver, running_receiver
from tests.support.patience import eventually


@pytest.fixture(scope="module")
def receiver() -> Iterator[RunningReceiver]:
    with running_receiver() as running:
        yield running


def post(receiver: RunningReceiver, path: str, document: object, **headers: str) -> int:
    return requests.post(f"{receiver.url}/{path}", json=document, headers=headers, timeout=60).status_code


def is_there(receiver: RunningReceiver) -> bool:
    try:
        return post(receiver, "healthy", {}) == 204
    except requests.ConnectionError:
        return False


def test_each_post_is_told_once_with_its_path_and_its_time(receiver: RunningReceiver) -> None:
    before = time.monotonic()
    statuses = [post(receiver, "healthy", {"n": n}) for n in range(3)]
    receipts = receiver.receipts()
    assert statuses == [204] * 3
    assert [(one.path, one.body) for one in receipts] == [("healthy", {"n": n}) for n in range(3)]
    assert before < receipts[0].at <= receipts[-1].at < time.monotonic()
    assert receiver.receipts() == []


def test_a_slow_one_answers_after_a_while_but_a_test_at_once(receiver: RunningReceiver) -> None:
    began = time.monotonic()
    assert post(receiver, "slow", {}) == 204
    assert time.monotonic() - began >= 0.7
    assert post(receiver, "hanging/7", {}, **{"X-Hook-Test": "true"}) == 204


def test_one_that_restarts_refuses_connections_and_comes_back(receiver: RunningReceiver) -> None:
    receiver.restart()
    assert eventually(lambda: not is_there(receiver))
    assert eventually(lambda: is_there(receiver))
