"""`python -m admin export` and `import`, as somebody runs them who moves a hub, or mends one."""

import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from shared.audit.log import AuditFilter
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.admin.command import ROOT, Run, admin
from tests.keeping.exported import fill, registered, rows
from tests.support import previous_version
from tests.support.delivering import delivering_hub
from tests.webhooks.registered import stored

KINDS = ["roles", "apikeys", "organizations", "connections", "runas", "counter", "webhooks"]
ALL = dict(zip(KINDS, [2, 1, 1, 1, 1, 1, 2], strict=True))


@pytest.fixture
def filled(new_account: Callable[[], str]) -> Hub:
    hub = delivering_hub(new_account())
    fill(hub)
    return hub


@pytest.fixture
def empty(new_account: Callable[[], str]) -> Hub:
    return delivering_hub(new_account())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hub.export"


def run(hub: Hub, *arguments: object, **settings: str) -> Run:
    """The command, for the account and with the keys of this hub."""
    storage, keys = hub.settings.storage.connection_string, hub.settings.secrets_key
    assert storage is not None
    assert keys is not None
    given = {"AzureWebJobsStorage": storage.get_secret_value(), "SECRETS_KEY": keys.get_secret_value(), **settings}
    return admin(*map(str, arguments), **given)


def document(run: Run) -> Any:  # noqa: ANN401 - whatever the command printed
    assert (run.code, run.err) == (0, "")
    return run.json


def counts(run: Run, change: str) -> dict[str, int]:
    return {one["kind"]: one[change] for one in document(run)["rows"] if one[change]}


def audited(hub: Hub) -> list[tuple[str, str, list[str]]]:
    """The entries of imports, newest first."""
    entries = [entry for _, entry in hub.audit.list(AuditFilter(), page_size=100) if entry.action == "hub.import"]
    return [(entry.who or "", entry.outcome.value, [*entry.changed]) for entry in entries]


def test_a_hub_moves_to_another_account(filled: Hub, empty: Hub, file: Path) -> None:
    assert document(run(filled, "export", file, "--json")) == {"file": str(file), "rows": ALL}
    assert counts(run(empty, "import", file, "--json"), "added") == ALL
    assert rows(empty) == rows(filled)
    assert counts(run(empty, "import", file, "--json"), "unchanged") == ALL
    [_, (who, outcome, changed)] = audited(empty)
    assert (who.startswith("command line ("), outcome, changed) == (True, "done", KINDS)


def test_tables_for_people(filled: Hub, empty: Hub, file: Path) -> None:
    shown = run(filled, "export", file)
    assert (shown.code, [kind for kind in KINDS if kind not in shown.out]) == (0, [])
    dry = run(empty, "import", file, "--dry-run")
    assert "What an import would do" in dry.out
    assert "roles/Relationship Manager/kim@hub.example" in dry.out
    imported = run(empty, "import", file)
    assert (imported.code, "Imported" in imported.out, "roles/" in imported.out) == (0, True, False)


def test_a_dry_run_says_what_would_change_and_changes_nothing(filled: Hub, empty: Hub, file: Path) -> None:
    run(filled, "export", file)
    said = document(run(empty, "import", file, "--dry-run", "--json"))
    assert (said["dryRun"], len(said["changes"])) == (True, 9)
    assert {"kind": "webhooks", "what": "webhooks/3", "change": "added"} in said["changes"]
    assert (rows(empty), audited(empty)) == ([], [])


def test_a_long_list_of_changes_is_cut_for_people(filled: Hub, empty: Hub, file: Path) -> None:
    roles = TableRoles(filled.storage.table(ROLES_TABLE))
    for number in range(60):
        roles.grant(f"u{number}@hub.example", "Relationship Manager")
    run(filled, "export", file)
    assert "and 19 more (--json lists all)" in run(empty, "import", file, "--dry-run").out
    assert len(document(run(empty, "import", file, "--dry-run", "--json"))["changes"]) == 69


def test_only_you_can_read_the_file_and_no_other_is_left_beside_it(filled: Hub, file: Path) -> None:
    file.write_text("an older one")
    file.chmod(0o644)
    run(filled, "export", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [*file.parent.iterdir()] == [file]


def test_a_link_leads_to_the_file_that_is_written(filled: Hub, file: Path) -> None:
    link = file.parent / "link"
    link.symlink_to(file)
    run(filled, "export", link)
    assert (link.is_symlink(), file.is_file()) == (True, True)


def test_an_export_that_fails_leaves_the_file_that_was_there(filled: Hub, file: Path) -> None:
    file.write_text("an older one")
    filled.storage.table("roles").put({"PartitionKey": "other", "RowKey": "x"})
    failed = run(filled, "export", file)
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith("error: table roles has a row that cannot be exported, other / x: ")
    assert (file.read_text(), [*file.parent.iterdir()]) == ("an older one", [file])


def test_secrets_that_are_stored_in_clear_are_warned_of(filled: Hub, file: Path) -> None:
    previous_version.store(filled, "https://receiver.example/")
    said = run(filled, "export", file, "--json")
    assert (said.code, said.err) == (
        0,
        "warning: 1 webhooks have secrets in clear, and so has the file: seal them with `webhooks reseal` first\n",
    )


@pytest.mark.parametrize("command", ["export", "import"])
def test_what_is_no_file_is_refused(hub: Hub, tmp_path: Path, command: str, connection_string: str) -> None:
    for place in (str(tmp_path), "/dev/null"):
        said = admin(command, place, AzureWebJobsStorage=connection_string)
        assert (said.code, said.out, said.err) == (1, "", f"error: {place} is not a file\n")


def test_a_folder_that_is_not_there_is_named(connection_string: str, tmp_path: Path) -> None:
    place = tmp_path / "none" / "hub.export"
    for command, verb in (("export", "written"), ("import", "read")):
        said = admin(command, str(place), AzureWebJobsStorage=connection_string)
        reason = f"error: {place} cannot be {verb}: No such file or directory\n"
        assert (said.code, said.out, said.err) == (1, "", reason)


def cut(text: bytes) -> bytes:
    return text[:-10]


def changed(text: bytes) -> bytes:
    return text.replace(b'"Note":""', b'"Note":"x"')


def of_another_version(text: bytes) -> bytes:
    return text.replace(b'"version":1', b'"version":2')


def of_somebody_else(_: bytes) -> bytes:
    return os.urandom(5000)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "error: the file is cut off: its end is missing\n"),
        (changed, "error: the file was changed or damaged: its digest does not fit what it holds\n"),
        (of_another_version, "error: the file is of version 2, and this hub reads version 1 only\n"),
        (of_somebody_else, "error: the file is not one that `python -m admin export` wrote\n"),
    ],
)
def test_a_file_that_cannot_be_imported_changes_nothing(
    filled: Hub, empty: Hub, file: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    run(filled, "export", file)
    file.write_bytes(spoil(file.read_bytes()))
    refused = run(empty, "import", file)
    assert (refused.code, refused.out, refused.err) == (1, "", said)
    assert (rows(empty), [outcome for _, outcome, _ in audited(empty)]) == ([], ["refused"])


def test_a_file_that_secrets_key_does_not_open_changes_nothing(filled: Hub, empty: Hub, file: Path) -> None:
    run(filled, "export", file)
    for key in (Fernet.generate_key().decode(), ""):
        refused = run(empty, "import", file, SECRETS_KEY=key)
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
        assert refused.err.startswith("error: SECRETS_KEY does not hold the key that sealed the secret of connections/")
    assert rows(empty) == []


def test_an_outage_is_told_and_the_command_can_be_repeated(filled: Hub, empty: Hub, file: Path) -> None:
    run(filled, "export", file)
    nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a"
    failed = run(empty, "import", file, AzureWebJobsStorage=nowhere)
    assert (failed.code, failed.out) == (1, "")
    assert "note: 0 of 9 rows were put back; import the file again\n" in failed.err
    assert "storage cannot be reached" in failed.err
    assert counts(run(empty, "import", file, "--json"), "added") == ALL


def test_the_next_webhook_has_an_id_that_none_had(filled: Hub, empty: Hub, file: Path) -> None:
    run(filled, "export", file)
    run(empty, "import", file)
    # The third one was the last, and the second one was deleted.
    assert registered(empty).id == 4
    assert stored(empty, 1).registered == stored(filled, 1).registered


def test_the_file_is_lines_of_json(filled: Hub, file: Path) -> None:
    run(filled, "export", file)
    first, *middle, last = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert (first["format"], first["version"]) == ("dynamics-webhook-hub", 1)
    assert [*dict.fromkeys(line["kind"] for line in middle)] == KINDS
    assert last["rows"] == sum(ALL.values())


def test_a_terminal_shows_how_far_it_is(filled: Hub, file: Path) -> None:
    storage, keys = filled.settings.storage.connection_string, filled.settings.secrets_key
    assert storage is not None
    assert keys is not None
    given = {"AzureWebJobsStorage": storage.get_secret_value(), "SECRETS_KEY": keys.get_secret_value()}
    screen, terminal = pty.openpty()
    for command in ("export", "import"):
        arguments = [sys.executable, "-m", "admin", command, str(file)]
        environment = {**os.environ, **given, "TERM": "xterm"}
        subprocess.run(arguments, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=terminal, check=True)
    os.close(terminal)
    shown = b""
    # What is left is told piece by piece, and its end as an error.
    with suppress(OSError):
        while piece := os.read(screen, 4096):
            shown += piece
    os.close(screen)
    assert (b"Exporting" in shown, b"Importing" in shown, b"100%" in shown) == (True, True, True)
