"""What a forge's variables become in the file that hands them to the steps of a workflow."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping

from deploy.tool import ROOT
from deploy.variables import given_variables, known_variables

VARIABLES = {"AZURE_ENV_NAME": "hub", "DATAVERSE_URL": "", "ALERT_EMAIL": " ", "HUB_TAGS": '{"a":\n"b"}'}


def given(variables: Mapping[str, str]) -> Mapping[str, str]:
    return given_variables(json.dumps(variables), known_variables())


def test_a_variable_that_is_empty_is_none() -> None:
    assert given(VARIABLES) == {"AZURE_ENV_NAME": "hub", "HUB_TAGS": '{"a":\n"b"}'}


def test_what_neither_azd_nor_a_hook_reads_is_not_handed_on() -> None:
    others = (
        "PATH",
        "LD_PRELOAD",
        "PYTHONPATH",
        "BASH_ENV",
        "HTTPS_PROXY",
        "SERVICE_HUB_ID",
        "AZURE_CONFIG_DIR",
        "x\nPATH",
    )
    assert given(dict.fromkeys(others, "evil")) == {}


def test_each_variable_that_the_pipeline_is_told_of_is_handed_on() -> None:
    names = re.findall(r"^    - (\w+)$", (ROOT / "azure.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    azds_own = ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID", "AZURE_ENV_NAME", "AZURE_LOCATION"]
    assert len(names) > 30
    assert given(dict.fromkeys([*names, *azds_own], "x")).keys() == {*names, *azds_own}


def test_each_is_printed_between_two_texts_that_nobody_can_guess() -> None:
    environment = {**os.environ, "VARIABLES": json.dumps(VARIABLES)}
    program = [sys.executable, "-m", "deploy.variables"]
    printed = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    blocks = re.findall(r"(\w+)<<([0-9a-f]{32})\n(.*?)\n\2\n", printed, re.DOTALL)
    assert {name: value for name, _, value in blocks} == given(VARIABLES)
    assert len({end for _, end, _ in blocks}) == len(blocks) == 2
