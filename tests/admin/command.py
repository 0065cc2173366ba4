"""The command line, in a process of its own for each command, as a user runs it.

To import the app takes a second; so a server has imported it once, and each command is a fork of that. The command that
a user types, `python -m admin`, is run by tests/admin/test_command_line.py with `started`.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
_SECONDS = 60
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["admin.__main__"])


@dataclass(frozen=True)
class Run:
    """What one command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> object:
        """What `--json` printed."""
        return json.loads(self.out)


def admin(*arguments: str, stdin: str = "", **settings: str) -> Run:
    """`python -m admin` with these arguments and this input, in an environment with these settings."""
    with TemporaryDirectory() as folder:
        given, out, err = (Path(folder) / name for name in ("in", "out", "err"))
        given.write_text(stdin, encoding="utf-8")
        process = _FORKS.Process(target=_command, args=(arguments, _environment(settings), given, out, err))
        process.start()
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise TimeoutError(f"admin {' '.join(arguments)} has not ended")
        code = process.exitcode
        process.close()
        assert code is not None
        return Run(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def started(*arguments: str, **settings: str) -> Run:
    """The same as a process that is started anew and imports everything."""
    command, environment = [sys.executable, "-m", "admin", *arguments], _environment(settings)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input="", capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return Run(done.returncode, done.stdout, done.stderr)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", **settings}


def _command(arguments: tuple[str, ...], environment: Mapping[str, str], given: Path, out: Path, err: Path) -> None:
    """Become the command: its environment, its folder, its streams, its name."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, path, flags in ((0, given, os.O_RDONLY), (1, out, os.O_WRONLY), (2, err, os.O_WRONLY)):
        opened = os.open(path, flags | (os.O_CREAT if number else 0), 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    main = sys.modules["__main__"] = import_module("admin.__main__")
    sys.argv = [str(main.__file__), *arguments]
    sys.exit(main.main())
