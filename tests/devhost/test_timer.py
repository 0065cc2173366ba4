"""Functions that the clock starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devhost.apps import timer_trigger, write_app, write_function
from tests.devhost.hosting import RunningHost, eventually, running_host

_NOTE = """
    def main(timer: func.TimerRequest) -> None:
        with (ROOT / "THIS.ran").open("a") as file:
            file.write(f"{time.time():.3f} {timer.past_due}\\n")
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    root = write_app(tmp_path_factory.mktemp("app"))
    schedules = {"Often": "* * * * * *", "Rare": "%RARELY%", "Off": "* * * * * *", "Unset": "%NOT_SET%"}
    for name, schedule in schedules.items():
        write_function(root, name, _NOTE.replace("THIS", name), timer_trigger(schedule))
    write_function(
        root, "Fails", "def main(timer: func.TimerRequest) -> None:\n    1 / 0\n", timer_trigger("* * * * * *")
    )
    with running_host(root, RARELY="0 0 0 1 1 *", **{"AzureWebJobs.Off.Disabled": "true"}) as running:
        yield running


def run_by_hand(host: RunningHost, name: str, key: str, **arguments: object) -> int:
    return host.page(f"/admin/functions/{name}", "POST", headers={"x-functions-key": key}, **arguments).status_code


def test_a_function_runs_at_the_times_of_its_schedule(host: RunningHost) -> None:
    assert eventually(lambda: len(host.lines("Often.ran")) >= 3)
    first, second, third = host.lines("Often.ran")[:3]
    times = [float(line.split()[0]) for line in (first, second, third)]
    assert times == sorted(times)
    # Each is on its second, and none before it: 50 ms late, or more on a busy machine.
    assert times[2] - times[0] > 1.0
    assert first.endswith(" False")


def test_one_that_fails_is_due_again(host: RunningHost) -> None:
    assert eventually(lambda: host.log.count("Fails failed: ") >= 2)


def test_one_that_is_disabled_or_not_due_does_not_run(host: RunningHost) -> None:
    assert eventually(lambda: len(host.lines("Often.ran")) >= 2)
    assert (host.lines("Off.ran"), "Rare: timer 0 0 0 1 1 *" in host.log) == ([], True)


def test_a_schedule_whose_setting_is_missing_leaves_the_function_out(host: RunningHost) -> None:
    assert "Unset is left out: '%NOT_SET%' does not resolve to a value" in host.log


@pytest.mark.parametrize("body", [None, b"{}", b'{"input": "any"}'])
def test_the_master_key_runs_it_by_hand(host: RunningHost, body: bytes | None) -> None:
    before = len(host.lines("Rare.ran"))
    assert run_by_hand(host, "Rare", host.master_key, data=body) == 202
    assert eventually(lambda: len(host.lines("Rare.ran")) == before + 1)


def test_no_other_key_does(host: RunningHost) -> None:
    before = len(host.lines("Rare.ran"))
    assert run_by_hand(host, "Rare", host.host_key) == 401
    assert run_by_hand(host, "Rare", host.master_key, data=b"[]") == 400
    assert len(host.lines("Rare.ran")) == before


def test_a_timer_keeps_no_host_from_ending(tmp_path: Path) -> None:
    root = write_app(tmp_path / "app")
    write_function(root, "Rare", _NOTE, timer_trigger("0 0 0 1 1 *"))
    with running_host(root) as running:
        assert running.end() == 0
