"""Functions that cannot be loaded or are declared wrongly do not stop the others."""

import pytest

from tests.devhost.hosting import RunningHost


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("NoImport", "nowhere_to_be_found"),
        ("Mismatch", "other"),
        ("ExitsAtImport", "SystemExit"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_named_in_the_log(host: RunningHost, function: str, reason: str) -> None:
    lines = [line for line in host.log.splitlines() if f"{function} cannot be loaded: " in line]
    assert len(lines) == 1
    assert reason in lines[0]


@pytest.mark.parametrize("path", ["noimport", "mismatch", "exitsatimport"])
def test_its_route_asks_for_the_key_and_then_answers_500(host: RunningHost, path: str) -> None:
    refused = host.call(path)
    failed = host.call(path, params={"code": host.host_key})
    assert (refused.status_code, failed.status_code, failed.content) == (401, 500, b"")


def test_a_function_that_is_declared_wrongly_is_left_out_with_the_reason(host: RunningHost) -> None:
    assert "TwoTriggers is left out: a function must have one trigger (got 2)" in host.log
    assert host.call("twotriggers", params={"code": host.host_key}).status_code == 404


def test_every_function_is_listed_with_its_address(host: RunningHost) -> None:
    assert f"First: [GET] {host.url}/api/order/{{name}}" in host.log
    assert f"Disabled: [ANY] {host.url}/api/Disabled (disabled)" in host.log
