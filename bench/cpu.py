"""The processor time of programs: user and system time of all processes of a process group, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

# Fields of /proc/PID/stat after the name in parentheses, counted from 0 (proc(5)).
_GROUP, _USER, _SYSTEM = 2, 11, 12


def cpu_seconds(groups: Iterable[int], proc: Path = Path("/proc")) -> float:
    """What the processes of these groups have used so far; those that have ended count no more."""
    wanted = frozenset(groups)
    ticks = 0
    for stat in proc.glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            # It has just ended.
            continue
        if int(fields[_GROUP]) in wanted:
            ticks += int(fields[_USER]) + int(fields[_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")
