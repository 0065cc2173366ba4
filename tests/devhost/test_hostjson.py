"""host.json, as far as it is followed."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import dictionaries, floats, integers, none, one_of, sampled_from, text

from devhost.hostjson import BadHostJson, HostJson, QueueOptions, read_host_json

PREFIX_SETTING = "AzureFunctionsJobHost__extensions__http__routePrefix"
QUEUES_SETTING = "AzureFunctionsJobHost__extensions__queues__"


def read(root: Path, content: object, **environment: str) -> HostJson:
    (root / "host.json").write_text(json.dumps(content), encoding="utf-8")
    return read_host_json(root, environment)


def queues(root: Path, **options: object) -> QueueOptions:
    return read(root, {"version": "2.0", "extensions": {"queues": options}}).queues


def test_what_it_does_not_say_is_as_the_platform_has_it(tmp_path: Path) -> None:
    assert read(tmp_path, {"version": "2.0"}) == HostJson("api", QueueOptions(60, 0, 16, 8, 5, is_base64=True))


def test_what_it_says_is_taken(tmp_path: Path) -> None:
    options = queues(
        tmp_path,
        maxPollingInterval="00:00:00.500",
        visibilityTimeout="01:02:03",
        batchSize=4,
        newBatchThreshold=0,
        maxDequeueCount=3,
        messageEncoding="None",
    )
    assert options == QueueOptions(0.5, 3723, 4, 0, 3, is_base64=False)


def test_a_setting_comes_before_the_file(tmp_path: Path) -> None:
    content = {"extensions": {"queues": {"visibilityTimeout": "00:00:30", "batchSize": 4}}}
    settings = {f"{QUEUES_SETTING}visibilityTimeout": "00:00:06", f"{QUEUES_SETTING}maxDequeueCount": "3"}
    assert read(tmp_path, content, **settings).queues == QueueOptions(60, 6, 4, 2, 3)


def test_half_a_batch_is_the_threshold_unless_it_is_said(tmp_path: Path) -> None:
    assert queues(tmp_path, batchSize=10).new_batch_threshold == 5


@pytest.mark.parametrize(("prefix", "expected"), [("", ""), ("/v1/", "v1"), ("a/b", "a/b")])
def test_the_prefix_of_routes_is_taken_from_the_file_and_before_it_from_the_setting(
    tmp_path: Path, prefix: str, expected: str
) -> None:
    content = {"extensions": {"http": {"routePrefix": prefix}}}
    assert read(tmp_path, content).route_prefix == expected
    assert read(tmp_path, {}, **{PREFIX_SETTING: prefix}).route_prefix == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batchSize", "16"),
        ("batchSize", 0),
        ("batchSize", 33),
        ("batchSize", True),
        ("newBatchThreshold", -1),
        ("maxDequeueCount", 0),
        ("maxPollingInterval", "2 s"),
        ("maxPollingInterval", "00:00:00.099"),
        ("visibilityTimeout", 30),
        ("messageEncoding", "base32"),
    ],
)
def test_a_value_that_the_platform_refuses_is_named(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(BadHostJson, match=f"^host.json: extensions.queues.{name} must be "):
        queues(tmp_path, **{name: value})


@pytest.mark.parametrize("content", [[], 1, {"extensions": None}, {"extensions": {"http": {"routePrefix": 1}}}])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(BadHostJson, match=r"^host\.json cannot be used"):
        read(tmp_path, content)


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(BadHostJson, match=f"there is no host.json in {tmp_path}"):
        read_host_json(tmp_path, {})


def test_any_queue_options_are_read_or_refused_but_nothing_else_happens(tmp_path: Path) -> None:
    known = ["batchSize", "newBatchThreshold", "maxDequeueCount", "visibilityTimeout", "messageEncoding"]
    values = one_of(none(), integers(), floats(allow_nan=False), text())

    @given(dictionaries(sampled_from(known), values))
    def is_read_or_refused(options: dict[str, object]) -> None:
        with suppress(BadHostJson):
            queues(tmp_path, **options)

    is_read_or_refused()
