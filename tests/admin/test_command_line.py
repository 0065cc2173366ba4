"""What holds for all commands: exit codes, and what an error looks like."""

import pytest
from typer.testing import CliRunner

from admin.__main__ import app
from tests.admin.command import admin, started
from tests.support.cases import holds_for

SECRET = "c2VjcmV0c2VjcmV0"


@holds_for(
    "arguments",
    [
        ["nothing"],
        ["roles", "nothing"],
        ["roles", "grant"],
        ["roles", "grant", "--nothing", "x"],
        ["callers", "issue"],
        ["callers", "issue", "a@hub.example", "b@hub.example"],
        ["callers", "revoke"],
        ["webhooks", "show"],
        ["webhooks", "delete", "0"],
        ["webhooks", "list", "--state", "asleep"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("group", ["roles", "callers"])
def test_every_command_explains_itself(group: str) -> None:
    help_ = CliRunner().invoke(app, [group, "--help"])
    assert (help_.exit_code, "list" in help_.output, "revoke" in help_.output) == (0, True, True)


def test_wrong_usage_of_the_program_is_exit_code_2() -> None:
    run = started("roles", "nothing")
    assert (run.code, "nothing" in run.err, run.out) == (2, True, "")


def test_a_wrong_setting_is_one_line_without_secrets_and_exit_code_1() -> None:
    run = started("roles", "list", AzureWebJobsStorage=SECRET)
    assert (run.code, run.out) == (1, "")
    assert run.err == "error: AzureWebJobsStorage is not a valid connection string: a part of it is not name=value\n"


def test_storage_that_cannot_be_reached_is_one_line_and_exit_code_1() -> None:
    nowhere = (
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={SECRET};"
        "TableEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a"
    )
    run = admin("roles", "list", AzureWebJobsStorage=nowhere)
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith("error: list roles: storage cannot be reached")
    assert SECRET not in run.err
