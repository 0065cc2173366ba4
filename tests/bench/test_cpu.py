"""The processor time of a process group (bench/cpu.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.cpu import cpu_seconds

STAT = "{pid} (a name) with (parentheses)) S 1 {group} 1 0 -1 4194560 9 0 0 0 {user} {system} 7000 8000 20 0 1 0 5\n"


def write(proc: Path, pid: int, group: int, user: int, system: int) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "stat").write_text(STAT.format(pid=pid, group=group, user=user, system=system))


def test_user_and_system_time_of_all_processes_of_the_groups_add_up(tmp_path: Path) -> None:
    write(tmp_path, 11, 11, 100, 20)
    write(tmp_path, 12, 11, 50, 30)
    write(tmp_path, 13, 13, 1, 0)
    write(tmp_path, 14, 14, 5000, 5000)
    assert cpu_seconds([11, 13], tmp_path) == pytest.approx(201 / 100)


def test_a_child_of_the_group_counts() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); input()"
    parent = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {busy!r}]).returncode)"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert cpu_seconds([process.pid]) >= 0.3
        process.communicate(b"\n")
