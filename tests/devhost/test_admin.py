"""The host's own pages."""

import pytest

from tests.devhost.hosting import RunningHost


def headers(host: RunningHost) -> dict[str, str]:
    return {"x-functions-key": host.master_key}


def test_the_home_page_and_the_ping_ask_for_no_key(host: RunningHost) -> None:
    assert [host.page(path).status_code for path in ("/", "/admin/host/ping")] == [200, 200]


@pytest.mark.parametrize(
    "path", ["/admin/host/status", "/admin/functions", "/admin/functions/any/status", "/admin/nothing"]
)
def test_the_admin_pages_ask_for_the_master_key(host: RunningHost, path: str) -> None:
    answers = [host.page(path), host.page(path, headers={"x-functions-key": host.host_key})]
    assert [(answer.status_code, answer.content) for answer in answers] == [(401, b"")] * 2
    assert host.page(path, headers=headers(host)).status_code in {200, 404}


def test_the_status_says_that_the_host_runs_and_what_it_left_out(host: RunningHost) -> None:
    status = host.page("/admin/host/status", headers=headers(host)).json()
    assert status["state"] == "Running"
    assert [error.partition(":")[0] for error in status["errors"]] == ["TwoTriggers"]


def test_the_functions_are_listed(host: RunningHost) -> None:
    names = [function["name"] for function in host.page("/admin/functions", headers=headers(host)).json()]
    assert names == sorted(names, key=str.upper)
    assert {"Any", "NoImport", "Disabled"} <= set(names)


def test_the_status_of_a_function_says_why_it_could_not_be_loaded(host: RunningHost) -> None:
    failed = host.page("/admin/functions/NoImport/status", headers=headers(host)).json()
    assert "nowhere_to_be_found" in failed["errors"][0]
    assert host.page("/admin/functions/any/status", headers=headers(host)).json() == {}


def test_what_is_no_page_is_404(host: RunningHost) -> None:
    paths = ("/admin/nothing", "/admin/functions/unknown/status")
    assert [host.page(path, headers=headers(host)).status_code for path in paths] == [404, 404]
    assert [host.page(path).status_code for path in ("/admin", "/nothing", "/api")] == [404, 404, 404]
