"""The receiver that all senders are measured with counts what it gets (bench/receiver.py)."""

import time

import requests

from bench.receiver import running_receiver


def test_each_post_is_told_once_with_its_path_and_its_time() -> None:
    with running_receiver() as receiver:
        before = time.monotonic()
        statuses = [requests.post(f"{receiver.url}/healthy", json={"n": n}, timeout=10).status_code for n in range(3)]
        receipts = receiver.receipts()
        assert statuses == [204] * 3
        assert [(one.path, one.body) for one in receipts] == [("healthy", {"n": n}) for n in range(3)]
        assert before < receipts[0].at <= receipts[-1].at < time.monotonic()
        assert receiver.receipts() == []
