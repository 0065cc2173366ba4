"""Ctrl-C and a request to end: what runs is finished, a second Ctrl-C does not wait, nothing hangs."""

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from devhost.azurite import Azurite
from tests.devhost.apps import RETURN, http_trigger, write_app, write_function
from tests.devhost.hosting import RunningHost, eventually, running_host, start
from tests.devhost.queues import Queues, began, write_queue_app

PATIENT = ("--grace-seconds", "100")
"""So much more than a slow machine takes that nobody who waits for it ends in time."""
_SLEEPS = """
    def main(req: func.HttpRequest) -> func.HttpResponse:
        (ROOT / "asked").touch()
        time.sleep(float(req.params["seconds"]))
        return func.HttpResponse("slept")
"""
_BLOCKS = """
    async def main(req: func.HttpRequest) -> func.HttpResponse:
        (ROOT / "asked").touch()
        time.sleep(float(req.params["seconds"]))
        return func.HttpResponse()
"""


@pytest.fixture
def sleeping_app(tmp_path: Path) -> Path:
    """An app whose functions take as long as they are told; one of them blocks the host as well."""
    root = write_app(tmp_path)
    write_function(root, "Sleeps", _SLEEPS, http_trigger(), RETURN)
    write_function(root, "Blocks", _BLOCKS, http_trigger(), RETURN)
    return root


def ask(host: RunningHost, path: str) -> list[requests.Response]:
    """Call in the background; what comes back appears in the list. Waits until the function runs."""
    answers: list[requests.Response] = []

    def call() -> None:
        try:
            answers.append(host.call(path))
        except requests.ConnectionError:
            return

    threading.Thread(target=call, daemon=True).start()
    assert eventually((host.root / "asked").exists)
    return answers


def seconds_of(call: Callable[[], object]) -> float:
    started = time.monotonic()
    call()
    return time.monotonic() - started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_host_at_rest_ends_quickly_with_0_and_without_complaint(sleeping_app: Path, number: int) -> None:
    with running_host(sleeping_app, *PATIENT) as host:
        assert seconds_of(lambda: host.end(number)) < 30
        assert host.process.returncode == 0
        assert f"listening at {host.url}" in host.log.splitlines()[-2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_message_and_a_request_that_run_are_finished(azurite_process: Azurite, tmp_path: Path, number: int) -> None:
    queues = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, queues)
    write_function(root, "Sleeps", _SLEEPS, http_trigger(), RETURN)
    with running_host(root, AzureWebJobsStorage=queues.connection_string) as host:
        queues.send("work", "slow 1.5")
        assert eventually(lambda: began(host, "slow 1.5") != [])
        answers = ask(host, "sleeps?seconds=1")
        assert host.end(number) == 0
        assert eventually(lambda: [answer.text for answer in answers] == ["slept"])
        assert (host.lines("ended"), queues.texts("results")) == (["slow 1.5"], ["output of slow 1.5"])


@pytest.mark.parametrize("path", ["sleeps", "blocks"])
def test_a_function_that_hangs_is_given_up_after_the_grace_time(sleeping_app: Path, path: str) -> None:
    with running_host(sleeping_app, "--grace-seconds", "1") as host:
        ask(host, f"{path}?seconds=60")
        assert 0.9 < seconds_of(host.end) < 30
        assert host.process.returncode == 0
        assert host.log.endswith("what still runs is given up\n")


@pytest.mark.parametrize("path", ["sleeps", "blocks"])
def test_a_second_ctrl_c_ends_it_at_once(sleeping_app: Path, path: str) -> None:
    with running_host(sleeping_app, *PATIENT) as host:
        ask(host, f"{path}?seconds=60")
        host.process.send_signal(signal.SIGINT)
        assert eventually(lambda: "a second Ctrl-C does not wait" in host.log)
        assert seconds_of(host.end) < 30
        assert host.process.returncode == 130


def test_ctrl_c_while_functions_are_loaded_ends_well(tmp_path: Path) -> None:
    root = write_app(tmp_path)
    code = "(ROOT / 'asked').touch()\ntime.sleep(1)\ndef main(req: func.HttpRequest) -> str: return ''\n"
    write_function(root, "Slow", code, http_trigger(), RETURN)
    process = start(root, root / "log")
    assert eventually((root / "asked").exists)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "Traceback" not in (root / "log").read_text(encoding="utf-8")
