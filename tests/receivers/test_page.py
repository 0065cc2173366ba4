"""docs/receivers.md: its code is that of the files beside it, and what it says of Power Automate holds."""

import json
import re

import pytest

from shared.api.superoffice.operations import entity_of
from shared.webhooks.registration import Usage
from tests.fakes.receiver import Receiver
from tests.receivers.running import FOLDER
from tests.support.delivering import attempt, delivering_hub, register

PAGE = FOLDER.with_suffix(".md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["receiver.py", "receiver.mjs", "Receiver.cs"])
def test_the_page_shows_the_file_that_the_tests_run(name: str) -> None:
    assert f"\n{(FOLDER / name).read_text(encoding='utf-8')}```\n" in PAGE
    assert f"`docs/receivers/{name}`" in PAGE


def test_no_receiver_is_forgotten() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == {"receiver.py", "receiver.mjs", "Receiver.cs"}


def test_the_header_of_a_flow_arrives_and_is_shown_to_nobody(connection_string: str, receiver: Receiver) -> None:
    [text] = re.findall(r"""-d '(\{.*"SealedHeaders".*\})'""", PAGE)
    members = {name: value for name, value in json.loads(text).items() if name not in {"TargetUrl", "Events"}}
    hub = delivering_hub(connection_string)
    registration = register(hub, receiver.url, **members)
    attempt(hub, registration)
    [(name, value)] = members["Headers"].items()
    assert [call.headers[name.lower()] for call in receiver.journal] == [value, value]
    assert entity_of(registration, Usage())["Headers"] == {name: "********"}
    assert f"@equals(triggerOutputs()?['headers']?['{name}'], '{value}')" in PAGE
