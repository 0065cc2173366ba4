"""A port of one host, and a port that several share."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from devhost.ports import free_port, listen
from tests.devhost.apps import RETURN, http_trigger, write_app, write_function
from tests.devhost.hosting import running_host

_WHO = """
    def main(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(str(os.getpid()))
"""


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_port_that_somebody_has_alone_is_nobody_elses(is_shared: bool) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"port {port} of 127\.0\.0\.1 cannot be used .*: choose another"):
            listen("127.0.0.1", port, is_shared=is_shared)


def test_a_shared_port_may_be_had_by_several() -> None:
    with (
        listen("127.0.0.1", 0, is_shared=True) as one,
        listen("127.0.0.1", one.getsockname()[1], is_shared=True) as two,
    ):
        assert one.getsockname() == two.getsockname()


def test_a_system_without_shared_ports_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(OSError, match="SO_REUSEPORT is missing"):
        listen("127.0.0.1", 0, is_shared=True)


def test_two_hosts_share_a_port_and_each_has_one_of_its_own(tmp_path: Path) -> None:
    shared, roots, hosts = free_port(), [tmp_path / "one", tmp_path / "two"], []
    with ExitStack() as stack:
        for root in roots:
            write_function(write_app(root), "Who", _WHO, http_trigger(), RETURN)
            own = free_port()
            host = stack.enter_context(running_host(root, "--port", str(shared), "--own-port", str(own)))
            hosts.append((f"http://127.0.0.1:{own}/api/who", str(host.process.pid)))
            assert host.url == f"http://127.0.0.1:{shared}"
        assert [requests.get(url, timeout=60).text for url, _ in hosts] == [pid for _, pid in hosts]
        with ThreadPoolExecutor(8) as pool:
            # Each asks with a connection of its own, and the system deals these out.
            answers = set(pool.map(lambda _: requests.get(f"{host.url}/api/who", timeout=60).text, range(100)))
        assert answers == {pid for _, pid in hosts}
        assert f" {host.process.pid} INFO devhost: listening at {host.url}" in host.log
