"""`make run` as a new user sees it, in a copy of the app and on the tests' own Azurite."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from devhost.azurite import development_connection_string, listens
from devhost.console import sign_in_link
from tests.devhost.hosting import eventually, runs

ROOT = Path(__file__).parent.parent.parent
_NOT_COPIED = shutil.ignore_patterns(".*", "tests", "bench", "docs", "__pycache__", "local.settings.json")


@dataclass(frozen=True)
class Run:
    """One `make run` below `root`."""

    root: Path
    process: "subprocess.Popen[bytes]"

    @property
    def run_file(self) -> Path:
        """What it writes for tools."""
        return self.root / ".local" / "run.json"

    def facts(self) -> dict[str, Any]:
        """What run.json says, once it is there."""
        assert eventually(lambda: self.run_file.exists() or self.process.poll() is not None, 60)
        assert self.run_file.exists(), self.printed()
        return dict(json.loads(self.run_file.read_text(encoding="utf-8")))

    def printed(self) -> str:
        """What it printed so far."""
        return (self.root / "printed").read_text(encoding="utf-8")

    def command(self, number: int) -> str:
        """What one of the printed commands prints when it is typed in."""
        text = self.printed().replace("\\\n", " ")
        line = shlex.split(re.findall(r"^  (curl .*)$", text, re.MULTILINE)[number])
        done = subprocess.run([*line, "--silent"], cwd=self.root, capture_output=True, check=True, timeout=30)
        return done.stdout.decode()

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    """A fresh copy of the app."""
    return shutil.copytree(ROOT, tmp_path / "app", ignore=_NOT_COPIED)


@contextmanager
def make_run(
    root: Path, storage: str, *, command: Sequence[str] = ("-m", "devhost.run"), **environment: str
) -> Iterator[Run]:
    """`make run` without make's part, which is to make the environment."""
    settings = {"AzureWebJobsStorage": storage, "PORT": str(_free_port()), **environment}
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AZURE")}
    with (root / "printed").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=root,
            env={**inherited, **settings},
            stdout=printed,
            stderr=printed,
        )
    try:
        yield Run(root, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_printed_first_steps_work_and_ctrl_c_leaves_nothing(app_folder: Path, connection_string: str) -> None:
    with make_run(app_folder, connection_string) as run:
        facts = run.facts()
        assert facts["storage"] == connection_string
        assert set(facts["manager"]) == {"systemuserid", "upn", "oid"}
        assert eventually(lambda: "Ctrl-C stops everything." in run.printed())
        # What is to be done stands at the end of all that was said, between two rules, and the link is the first of it.
        assert eventually(lambda: run.printed().endswith(f"Ctrl-C stops everything.\n{'=' * 78}\n\n"))
        addresses = re.findall(r"https?://\S+", run.printed().split("=" * 78)[1])
        assert addresses[0] == sign_in_link(facts["url"], facts["api_key"])
        assert run.command(0).startswith("HTTP/1.1 201 ")
        assert run.command(0).startswith("HTTP/1.1 200 ")
        assert eventually(lambda: len(json.loads(run.command(1))["value"]) == 1)
        assert run.stop() == 0
        assert not run.run_file.exists()
        assert not listens(int(facts["url"].rpartition(":")[2]))


def test_a_second_start_has_the_same_keys(app_folder: Path, connection_string: str) -> None:
    seen = []
    for _ in range(2):
        with make_run(app_folder, connection_string, RELATIONSHIP_MANAGERS="ann@hub.example") as run:
            facts = run.facts()
            seen.append((facts["code"], facts["api_key"]))
            settings = app_folder / "local.settings.json"
            values = json.loads(settings.read_text(encoding="utf-8"))["Values"]
            session = requests.get(f"{facts['url']}/api/console/session", headers=bearer(facts), timeout=30).json()
            assert session["functionKey"] == values["CONSOLE_KEY"]
            assert run.stop() == 0
            seen.append((session["functionKey"], session["user"]))
            seen.append((values["SECRETS_KEY"], oct(settings.stat().st_mode & 0o777)))
            assert hook_keys(app_folder) == [values["ARCGIS_HOOK_KEY"]]
    assert seen[:3] == seen[3:]
    assert seen[2][1] == "0o600"


def test_the_nightly_work_runs_by_hand_with_the_master_key_of_run_json(
    app_folder: Path, connection_string: str
) -> None:
    settings = app_folder / "local.settings.json"
    example = json.loads((app_folder / "local.settings.json.example").read_text(encoding="utf-8"))
    # As a version without the timer left the file.
    del example["Values"]["RETENTION_SCHEDULE"]
    settings.write_text(json.dumps(example), encoding="utf-8")
    with make_run(app_folder, connection_string) as run:
        facts = run.facts()
        url, headers = f"{facts['url']}/admin/functions/Retention", {"x-functions-key": facts["master_key"]}
        assert requests.post(url, timeout=30).status_code == 401
        assert requests.post(url, json={}, headers=headers, timeout=30).status_code == 202
        assert eventually(lambda: '{"name": "retention", ' in run.printed())
        assert "Retention: timer 0 30 3 * * *" in run.printed()
        assert run.stop() == 0


def bearer(facts: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {facts['api_key']}"}


def hook_keys(app_folder: Path) -> list[str]:
    """The keys that open WebhookConnections to feature services."""
    [file] = (app_folder / ".local").rglob("webhookconnections.json")
    keys = json.loads(file.read_text(encoding="utf-8"))["keys"]
    return [key["value"] for key in keys if key["name"] == "arcgis"]


def test_only_their_owner_reads_the_keys(app_folder: Path, connection_string: str) -> None:
    # As an older version made them.
    (app_folder / ".local").mkdir(mode=0o755)
    settings = app_folder / "local.settings.json"
    shutil.copy(app_folder / "local.settings.json.example", settings)
    settings.chmod(0o644)
    with make_run(app_folder, connection_string) as run:
        run.facts()
        files = [settings, *(path for path in (app_folder / ".local").rglob("*") if path.is_file())]
        assert {run.run_file, app_folder / ".local" / "api_key"} < set(files)
        assert {file.name: oct(file.stat().st_mode & 0o777) for file in files} == {file.name: "0o600" for file in files}
        assert oct((app_folder / ".local").stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "none"}, "PORT must be a number from 1 to 65535 (got 'none')"),
        ({"INSTANCES": "0"}, "INSTANCES must be a number from 1 to 16 (got '0')"),
        ({"INSTANCES": "17"}, "INSTANCES must be a number from 1 to 16 (got '17')"),
        ({"ROLE_DIRECTORY": "moon"}, "ROLE_DIRECTORY"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(
    app_folder: Path, connection_string: str, environment: dict[str, str], sentence: str
) -> None:
    with make_run(app_folder, connection_string, **environment) as run:
        assert run.process.wait(60) == 1
        assert (run.printed().count("\n"), run.printed().partition(":")[0]) == (1, "error"), run.printed()
        assert sentence in run.printed()


def test_a_port_in_use_is_said_with_a_way_out(app_folder: Path, connection_string: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with make_run(app_folder, connection_string, PORT=port) as run:
            assert run.process.wait(60) == 1
            assert run.printed() == f"error: port {port} is in use: choose another with `make run PORT=...`\n"


def answers(url: str) -> bool:
    """Whether the app answers there."""
    try:
        return requests.get(f"{url}/api/health", timeout=10).status_code == 200
    except requests.ConnectionError:
        return False


def test_one_instance_is_listed_for_tools(app_folder: Path, connection_string: str) -> None:
    with make_run(app_folder, connection_string) as run:
        facts = run.facts()
        assert [instance["url"] for instance in facts["instances"]] == [facts["url"]]
        os.kill(facts["instances"][0]["pid"], signal.SIGKILL)
        assert run.process.wait(60) != 0


def test_two_instances_share_the_port_and_one_that_is_killed_is_replaced(
    app_folder: Path, connection_string: str
) -> None:
    with make_run(app_folder, connection_string, INSTANCES="2") as run:
        facts = run.facts()
        first, second = facts["instances"]
        urls = [first["url"], second["url"], facts["url"]]
        assert len({*urls}) == 3
        assert all(map(answers, urls))
        os.kill(first["pid"], signal.SIGKILL)
        assert eventually(lambda: f"instance 1 (process {first['pid']}) has ended by SIGKILL" in run.printed())
        assert answers(second["url"])
        assert eventually(lambda: run.facts()["instances"][0]["pid"] != first["pid"])
        again, other = run.facts()["instances"]
        assert (again["url"], other) == (first["url"], second)
        assert all(map(answers, urls))
        assert run.stop() == 0
        assert not run.run_file.exists()
        assert not any(listens(int(url.rpartition(":")[2])) for url in urls)


def test_an_instance_that_does_not_come_up_again_leaves_the_others_at_work(
    app_folder: Path, connection_string: str
) -> None:
    with make_run(app_folder, connection_string, INSTANCES="2") as run:
        first, second = run.facts()["instances"]
        (app_folder / "host.json").write_text("{", encoding="utf-8")
        os.kill(first["pid"], signal.SIGKILL)
        assert eventually(lambda: "instance 1 does not come up again; 1 go on" in run.printed())
        assert eventually(lambda: run.facts()["instances"] == [second])
        assert answers(second["url"])
        assert run.stop() == 0


def test_core_tools_run_one_instance_only(app_folder: Path, connection_string: str, tmp_path: Path) -> None:
    tools = tmp_path / "bin" / "func"
    tools.parent.mkdir()
    tools.write_text("#!/bin/sh", encoding="utf-8")
    tools.chmod(0o755)
    path = os.pathsep.join([str(tools.parent), os.environ["PATH"]])
    with make_run(app_folder, connection_string, PATH=path, INSTANCES="2") as run:
        assert run.process.wait(60) == 1
        assert run.printed().startswith("error: INSTANCES needs the development host")


def test_core_tools_run_the_app_where_they_are_on_the_path(
    app_folder: Path, connection_string: str, tmp_path: Path
) -> None:
    # Stands in for Core Tools at their command line: notes how it was started, then runs the app as they would.
    tools = tmp_path / "bin" / "func"
    tools.parent.mkdir()
    tools.write_text(_FUNC.replace("PYTHON", sys.executable), encoding="utf-8")
    tools.chmod(0o755)
    path = os.pathsep.join([str(tools.parent), os.environ["PATH"]])
    with make_run(app_folder, connection_string, PATH=path) as run:
        facts = run.facts()
        started = (app_folder / "started").read_text(encoding="utf-8")
        assert started.startswith(f"start --enableAuth --port {facts['url'].rpartition(':')[2]}")
        assert eventually(lambda: "Ctrl-C stops everything." in run.printed())
        assert run.command(0).startswith("HTTP/1.1 201 ")
        assert run.stop() == 0


_FUNC = """#!/bin/sh
[ "$1" = --version ] && { echo 4.0.7030; exit 0; }
echo "$@" > started
exec PYTHON -m devhost --root . --keys "$TMPDIR/secrets/functions/secrets" --port "$4"
"""


def test_files_of_the_page_are_not_logged_and_what_is_worth_reading_is(
    app_folder: Path, connection_string: str
) -> None:
    with make_run(app_folder, connection_string) as run:
        facts = run.facts()
        page = f"{facts['url']}/api/console"
        etag = requests.get(page, timeout=30).headers["ETag"]
        answers = [
            requests.get(page, headers={"If-None-Match": etag}, timeout=30),
            requests.get(f"{page}/views/help.js", timeout=30),
            requests.get(f"{page}/session", headers=bearer(facts), timeout=30),
            requests.get(f"{page}/none.js", timeout=30),
        ]
        assert [one.status_code for one in answers] == [304, 200, 200, 404]
        assert run.stop() == 0
        # Of the host's own lines.
        assert re.findall(r"devhost: Console answered (\d+)", run.printed()) == ["200", "404"]


OWN_AZURITE = """
import sys
from devhost.local_hub import run
sys.exit(run(tuple(map(int, sys.argv[1:]))))
"""


def on_own_azurite() -> tuple[str, ...]:
    """The command that runs the hub as `make run`, but with Azurite on ports that nobody else uses."""
    return ("-c", OWN_AZURITE, *(str(_free_port()) for _ in range(3)))


def children(pid: int) -> dict[int, str]:
    """The processes that this one has started and that run, with their command lines."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return {int(one): Path(f"/proc/{one}/cmdline").read_text(encoding="utf-8") for one in listed}


AZURITE = {"AZURITE": str(ROOT / ".local" / "azurite" / "node_modules" / ".bin" / "azurite")}


def test_the_end_of_its_azurite_is_told_and_ends_it(app_folder: Path) -> None:
    with make_run(app_folder, "UseDevelopmentStorage=true", command=on_own_azurite(), **AZURITE) as run:
        facts = run.facts()
        assert eventually(lambda: "Ctrl-C stops everything." in run.printed())
        assert run.command(0).startswith("HTTP/1.1 201 ")
        [azurite] = [pid for pid, line in children(run.process.pid).items() if "--tablePort" in line]
        os.kill(azurite, signal.SIGKILL)
        assert run.process.wait(60) == 1
        assert run.printed().splitlines()[-1] == (
            "error: Azurite has ended by SIGKILL, and the hub cannot work without storage: start `make run` again"
        )
        assert not run.run_file.exists()
        assert not runs(facts["instances"][0]["pid"])


def test_ctrl_c_leaves_no_azurite(app_folder: Path) -> None:
    with make_run(app_folder, "UseDevelopmentStorage=true", command=on_own_azurite(), **AZURITE) as run:
        run.facts()
        started = children(run.process.pid)
        assert len(started) == 2
        assert run.stop() == 0
        assert "Azurite has ended" not in run.printed()
        assert not any(map(runs, started))


HANGS = "import pathlib, time; pathlib.Path('reached').touch(); time.sleep(600)"


def in_an_import(root: Path) -> dict[str, str]:
    """Its modules take so long that nobody would wait for them."""
    (root / "cryptography.py").write_text(HANGS, encoding="utf-8")
    return {}


def waiting_for_azurite(root: Path) -> dict[str, str]:
    """Azurite comes up, and listens nowhere."""
    return {"AZURITE": program(root / "bin" / "azurite", f"#!{sys.executable}\n{HANGS}")}


def waiting_for_the_app(root: Path) -> dict[str, str]:
    """The host comes up, and answers nothing."""
    does = '#!/bin/sh\n[ "$1" = --version ] && { echo 4.0.7030; exit 0; }\ntouch reached\nexec sleep 600\n'
    func = program(root / "bin" / "func", does)
    return {"PATH": os.pathsep.join([str(Path(func).parent), os.environ["PATH"]])}


def program(file: Path, does: str) -> str:
    file.parent.mkdir()
    file.write_text(does, encoding="utf-8")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [in_an_import, waiting_for_azurite, waiting_for_the_app])
def test_whoever_ends_it_while_it_starts_is_told_of_no_error(
    app_folder: Path, connection_string: str, moment: Callable[[Path], dict[str, str]], number: int
) -> None:
    is_own = moment is waiting_for_azurite
    storage, command = ("UseDevelopmentStorage=true", on_own_azurite()) if is_own else (connection_string, None)
    settings = moment(app_folder)
    with make_run(app_folder, storage, command=command or ("-m", "devhost.run"), **settings) as run:
        assert eventually((app_folder / "reached").exists)
        started = children(run.process.pid)
        assert len(started) == (moment is not in_an_import)
        run.process.send_signal(number)
        assert (run.process.wait(30), run.printed()) == (0, "")
        assert not any(map(runs, started))


def test_whoever_ends_it_while_it_seeds_is_told_of_no_error(app_folder: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with make_run(app_folder, development_connection_string((port, port, port))) as run:
            asking, _ = silent.accept()
            with asking:
                assert (run.stop(), run.printed()) == (0, "")
