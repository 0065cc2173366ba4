"""Keys, over HTTP: what opens what, and that nothing runs before."""

import pytest

from devhost.launch import keys_folder
from tests.devhost.hosting import RunningHost, eventually


def status(host: RunningHost, path: str, *, code: str | None = None, header: str | None = None) -> int:
    params = {} if code is None else {"code": code}
    headers = {} if header is None else {"x-functions-key": header}
    return host.call(path, params=params, headers=headers).status_code


def key_of(host: RunningHost, function: str) -> str:
    host.keys.set_function_key(function, "test", f"the key of {function}")
    return f"the key of {function}"


def test_no_key_and_a_wrong_one_are_401_without_a_body(host: RunningHost) -> None:
    for code in (None, "", "wrong"):
        response = host.call("locked", params={} if code is None else {"code": code})
        assert (response.status_code, response.content) == (401, b"")
        assert "WWW-Authenticate" not in response.headers


def test_a_function_without_a_right_key_does_not_run(host: RunningHost) -> None:
    assert host.call("locked?mark=refused&code=wrong").status_code == 401
    assert host.call(f"locked?mark=allowed&code={host.host_key}").status_code == 200
    assert [(host.root / name).exists() for name in ("refused", "allowed")] == [False, True]


@pytest.mark.parametrize("path", ["locked", "otherlocked"])
def test_the_host_key_and_the_master_key_open_every_function(host: RunningHost, path: str) -> None:
    assert [status(host, path, code=key) for key in (host.host_key, host.master_key)] == [200, 200]


def test_a_functions_key_opens_only_that_function(host: RunningHost) -> None:
    key = key_of(host, "Locked")
    assert (status(host, "locked", header=key), status(host, "otherlocked", header=key)) == (200, 401)


def test_the_level_admin_needs_the_master_key(host: RunningHost) -> None:
    keys = (host.host_key, key_of(host, "MasterOnly"), host.master_key)
    assert [status(host, "masteronly", code=key) for key in keys] == [401, 401, 200]


@pytest.mark.parametrize("name", ["code", "Code", "CODE", "cOdE", "%43ode"])
def test_the_name_of_the_parameter_ignores_case(host: RunningHost, name: str) -> None:
    assert host.call(f"locked?{name}={host.host_key}").status_code == 200
    assert host.call(f"locked?{name}=wrong").status_code == 401


def test_of_several_keys_in_the_query_the_first_counts(host: RunningHost) -> None:
    assert host.call(f"locked?Code={host.host_key}&code=wrong").status_code == 200
    assert host.call(f"locked?code=wrong&Code={host.host_key}").status_code == 401


@pytest.mark.parametrize("header", ["", "wrong"])
def test_the_header_counts_before_the_query_even_when_it_is_empty(host: RunningHost, header: str) -> None:
    assert status(host, "locked", code=host.host_key, header=header) == 401
    assert status(host, "locked", code="wrong", header=host.host_key) == 200


def test_an_unknown_route_and_a_wrong_method_are_404_before_401(host: RunningHost) -> None:
    assert status(host, "locked/unknown", code="wrong") == 404
    assert host.call("order/fixed", "DELETE").status_code == 404


def test_a_disabled_function_is_401_without_a_key_404_with_one_and_runs_with_the_master_key(host: RunningHost) -> None:
    keys = ("wrong", host.host_key, host.master_key)
    assert [status(host, "disabled", code=key) for key in keys] == [401, 404, 200]


def test_a_key_that_is_set_while_the_host_runs_counts_at_once(host: RunningHost) -> None:
    host.keys.set_function_key("Locked", "new", "a new key")
    assert eventually(lambda: status(host, "locked", code="a new key") == 200)


def test_a_broken_file_of_keys_leaves_those_that_were_read_before(host: RunningHost) -> None:
    file = keys_folder(host.root / ".local") / "otherlocked.json"
    key = key_of(host, "OtherLocked")
    assert status(host, "otherlocked", code=key) == 200
    whole = file.read_bytes()
    file.write_text("{", encoding="utf-8")
    assert status(host, "otherlocked", code=key) == 200
    file.write_bytes(whole)


def test_neither_keys_nor_query_strings_nor_bodies_are_ever_logged(host: RunningHost) -> None:
    headers = {"x-functions-key": "confidential in a header"}
    host.call("locked", "POST", params={"x": "confidential"}, headers=headers, data=b"confidential")
    host.call("any", "POST", params={"code": "confidential", "x": "confidential"}, data=b"confidential")
    host.call("raises", "POST", params={"code": "confidential"}, data=b"confidential")
    host.call("unknown", params={"code": "confidential"})
    host.call("locked", params={"code": host.host_key})
    assert "confidential" not in host.log
    assert host.host_key not in host.log
