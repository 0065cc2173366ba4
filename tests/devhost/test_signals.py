"""Ctrl-C while something is being started or installed: it ends quietly, and nothing is left running."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devhost.install import NotInstalled, Packages, install_packages
from devhost.signals import STOPPED_CODE, Stopped, held_signals, how_it_ended, run_tool, stop_on_signals
from tests.devhost.hosting import begin, eventually, runs
from tests.support.paths import ROOT

# Notes which process it is, and that of a child of its own; neither ends by itself.
_LONG = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1], "part").write_text(f"{os.getpid()} {child.pid}")
os.rename(pathlib.Path(sys.argv[1], "part"), pathlib.Path(sys.argv[1], "pids"))
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The handlers of this process are as before, afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def pids_in(folder: Path) -> list[int]:
    assert eventually((folder / "pids").exists)
    return [int(one) for one in (folder / "pids").read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_tool_ends_with_what_it_started_without_a_word(tmp_path: Path, number: int) -> None:
    tool = [sys.executable, "-c", _LONG, str(tmp_path)]
    process = begin([sys.executable, "-m", "devhost.quietly", *tool], tmp_path / "said")
    pids = pids_in(tmp_path)
    os.killpg(process.pid, number)
    assert (process.wait(30), (tmp_path / "said").read_text()) == (STOPPED_CODE, "")
    assert eventually(lambda: not any(map(runs, pids)))


def test_a_tool_that_ends_by_itself_gives_its_exit_code() -> None:
    tool = [sys.executable, "-m", "devhost.quietly", sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(tool, cwd=ROOT, check=False).returncode == 7


def npm_that(does: str, folder: Path) -> Path:
    """A folder for PATH in which npm and node do this."""
    (folder / "bin").mkdir()
    for name in ("npm", "node"):
        file = folder / "bin" / name
        file.write_text(f"#!{sys.executable}\n{does}", encoding="utf-8")
        file.chmod(0o755)
    return folder / "bin"


@pytest.mark.parametrize("stop", [lambda pid: os.killpg(pid, signal.SIGINT), lambda pid: os.kill(pid, signal.SIGTERM)])
def test_an_installation_that_is_stopped_is_no_failure(tmp_path: Path, stop: Callable[[int], None]) -> None:
    npm = npm_that(_LONG.replace("sys.argv[1]", repr(str(tmp_path))), tmp_path)
    source, folder = tmp_path / "source", tmp_path / "local" / "it"
    source.mkdir()
    for name in ("package.json", "package-lock.json"):
        (source / name).write_text("{}", encoding="utf-8")
    code = f"""
import sys
from pathlib import Path
from devhost import install
install._BY_ARGUMENT["azurite"] = install.Packages("it", Path({str(source)!r}), Path({str(folder)!r}), "make it")
sys.exit(install.main())
"""
    path = os.pathsep.join([str(npm), os.environ["PATH"]])
    process = begin([sys.executable, "-c", code], tmp_path / "said", PATH=path)
    pids = pids_in(tmp_path)
    stop(process.pid)
    assert process.wait(30) == STOPPED_CODE
    assert (tmp_path / "said").read_text() == f"Installing it into {folder}, once\n"
    assert not (folder / ".installed").exists()
    assert eventually(lambda: not any(map(runs, pids)))


def test_an_installation_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(npm_that("raise SystemExit(1)", tmp_path)))
    source = tmp_path / "source"
    source.mkdir()
    for name in ("package.json", "package-lock.json"):
        (source / name).write_text("{}", encoding="utf-8")
    with pytest.raises(NotInstalled, match=r"npm could not install it .*`make it`"):
        install_packages(Packages("it", source, tmp_path / "local" / "it", "make it"))


# As the Makefile installs. Ctrl-C is a SIGINT to the whole group in the foreground: make, its shell and the command.
_MAKEFILE = """
{quietly}
all:
\t@echo Installing
\t@$(QUIETLY) {python} -m devhost.quietly {python} {folder}/long.py {folder}
\t@touch {folder}/went-on
"""


def test_ctrl_c_ends_make_without_a_complaint(tmp_path: Path) -> None:
    [quietly] = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("QUIETLY :=")]
    (tmp_path / "long.py").write_text(_LONG, encoding="utf-8")
    makefile = _MAKEFILE.format(quietly=quietly, python=sys.executable, folder=tmp_path)
    (tmp_path / "Makefile").write_text(makefile, encoding="utf-8")
    process = begin(["make", "-f", str(tmp_path / "Makefile")], tmp_path / "said")
    pids = pids_in(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) != 0
    assert (tmp_path / "said").read_text() == "Installing\n"
    assert not (tmp_path / "went-on").exists()
    assert eventually(lambda: not any(map(runs, pids)))


def test_all_that_make_run_installs_is_installed_quietly() -> None:
    recipes = (ROOT / "Makefile").read_text().splitlines()
    installs = [line for line in recipes if "-m pip install" in line or "-m venv" in line or line.endswith(".install")]
    assert len(installs) == 5
    assert [line for line in installs if "$(QUIETLY)" not in line] == []
    # What takes minutes says so before it begins.
    [told] = [place for place, line in enumerate(recipes) if "echo 'Installing " in line and ", once: " in line]
    assert told < min(place for place, line in enumerate(recipes) if line in installs and "venv" in line.lower())


def test_a_signal_that_is_held_counts_afterwards() -> None:
    stop_on_signals()
    reached = []

    def work() -> None:
        with held_signals():
            signal.raise_signal(signal.SIGTERM)
            reached.append("the end")

    with pytest.raises(Stopped):
        work()
    assert reached == ["the end"]
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_tool([sys.executable, "-c", "raise SystemExit(3)"])))
    thread.start()
    thread.join()
    assert codes == [3]


@pytest.mark.parametrize(("code", "text"), [(3, "with exit code 3"), (-9, "by SIGKILL")])
def test_an_end_is_told(code: int, text: str) -> None:
    assert how_it_ended(code) == text
