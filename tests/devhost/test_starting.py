"""A host that cannot be started says why in one sentence; one that can follows its settings."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from devhost.launch import keys_folder
from tests.devhost.apps import RETURN, http_trigger, write_app, write_function
from tests.devhost.hosting import running_host, start

_SLEEPS = """
    def main(req: func.HttpRequest) -> func.HttpResponse:
        time.sleep(1)
        return func.HttpResponse()
"""


def refusal(root: Path, *arguments: str) -> str:
    """What the host says on its way out; it must be one line."""
    process = start(root, root / "log", *arguments)
    assert process.wait(60) == 1
    text = (root / "log").read_text(encoding="utf-8")
    assert (text.count("\n"), text.partition(":")[0]) == (1, "error"), text
    return text


def test_a_port_in_use_is_said_with_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 cannot be used" in refusal(write_app(tmp_path), "--port", str(port))


def test_a_port_that_is_none_is_said(tmp_path: Path) -> None:
    assert "port must be 0-65535" in refusal(write_app(tmp_path), "--port", "99999")


def test_a_folder_without_host_json_is_said(tmp_path: Path) -> None:
    assert f"there is no host.json in {tmp_path}" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["host.json", "local.settings.json"])
def test_a_file_that_is_no_json_is_said(tmp_path: Path, name: str) -> None:
    (write_app(tmp_path) / name).write_text("{", encoding="utf-8")
    assert f"error: {name}" in refusal(tmp_path)


def test_a_file_of_keys_without_keys_is_said(tmp_path: Path) -> None:
    folder = keys_folder(write_app(tmp_path) / ".local")
    folder.mkdir(parents=True)
    (folder / "host.json").write_text(json.dumps({"functionKeys": []}), encoding="utf-8")
    assert "host.json has no usable keys" in refusal(tmp_path)


def test_the_number_of_threads_is_the_settings(tmp_path: Path) -> None:
    write_function(write_app(tmp_path), "Sleeps", _SLEEPS, http_trigger(), RETURN)
    with running_host(tmp_path, PYTHON_THREADPOOL_THREAD_COUNT="1") as host, ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        assert [response.status_code for response in pool.map(host.call, ["sleeps"] * 2)] == [200, 200]
        assert time.monotonic() - started >= 1.9
