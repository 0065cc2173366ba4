"""The small receiver that the README starts."""

import base64
import hashlib
import hmac
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.devhost.hosting import ROOT, eventually

SECRET = "sécret"
BODY = '{"Event": "x", "WebhookName": "grüße"}'.encode()
SIGNATURE = base64.b64encode(hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()).decode()


@contextmanager
def receiving(log: Path, *arguments: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """Its address, and what it has printed since it listens."""
    command = [sys.executable, "-m", "devhost.receiver", "--port", "0", *arguments]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out)
    try:
        assert eventually(lambda: "\n" in log.read_text())
        address, _, _ = log.read_text().removeprefix("listening at ").partition("\n")
        yield address, lambda: log.read_text().partition("\n")[2]
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize(
    ("signature", "verdict"),
    [
        (SIGNATURE, "signature is genuine"),
        (SIGNATURE[:-2] + "A=", "SIGNATURE IS WRONG"),
        ("\xe9", "SIGNATURE IS WRONG"),
        (None, "not signed"),
    ],
)
def test_it_prints_what_came_and_whether_it_is_genuine(tmp_path: Path, signature: str | None, verdict: str) -> None:
    headers = {"X-SuperOffice-Event": "x"} | ({"X-SuperOffice-Signature": signature} if signature else {})
    with receiving(tmp_path / "log", "--secret", SECRET) as (url, shown):
        answer = requests.post(url, BODY, headers=headers, timeout=60)
        assert (answer.status_code, answer.content) == (200, b"")
        assert shown() == f"x: {verdict}\n  {BODY.decode()}\n"


@pytest.mark.parametrize(
    ("traceparent", "shown_as"), [(f"00-{'a' * 32}-{'b' * 16}-01", f", trace {'a' * 32}"), ("garbage", ""), ("", "")]
)
def test_it_prints_the_trace_that_it_was_sent(tmp_path: Path, traceparent: str, shown_as: str) -> None:
    with receiving(tmp_path / "log") as (url, shown):
        requests.post(url, b"", headers={"X-SuperOffice-Event": "x", "traceparent": traceparent}, timeout=60)
        assert shown() == f"x: not signed{shown_as}\n  \n"


def test_a_port_that_is_in_use_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with receiving(tmp_path / "log") as (url, _):
        port = url.rstrip("/").rpartition(":")[2]
        command = [sys.executable, "-m", "devhost.receiver", "--port", port]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    expected = f"error: port {port} is in use: choose another with --port\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", expected)


def test_it_answers_as_it_is_told_and_ends_quietly_with_a_ctrl_c(tmp_path: Path) -> None:
    with receiving(tmp_path / "log", "--status", "503") as (url, _):
        assert requests.post(url, b"", timeout=60).status_code == 503
    command = [sys.executable, "-m", "devhost.receiver", "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening at http://127.0.0.1:")
    process.send_signal(2)
    assert (process.communicate(timeout=60), process.returncode) == (("", ""), 0)
