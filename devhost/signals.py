"""Ctrl-C and a request to end, for commands that start others: they end quietly, and leave no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPED_CODE = 130
"""The exit code of a command that Ctrl-C ended before its work was done, as shells have it."""
_GRACE_SECONDS = 10


class Stopped(BaseException):
    """Ctrl-C, or a request to end, came. A BaseException, so that no `except Exception` swallows it."""


def stop_on_signals() -> None:
    """From here on a signal to end raises Stopped, wherever the main thread is."""
    for number in SIGNALS:
        signal.signal(number, _stop)


@contextmanager
def held_signals() -> Iterator[None]:
    """A signal to end that comes inside counts at the end of it: what is started there is known before it is ended.

    Outside the main thread it does nothing, for handlers run in the main thread alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda came_as, _: came.append(came_as)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for early in came:
            signal.raise_signal(early)


def run_tool(command: Sequence[str], folder: Path | None = None) -> int:
    """Run a command that ends by itself, in this folder. Returns its exit code.

    It runs in a session of its own, so Ctrl-C does not reach it, and it complains of nothing: where this process is
    stopped, it is asked to end, with what it started, and has ended before Stopped goes on.
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with held_signals():
            process = subprocess.Popen(command, cwd=folder, start_new_session=True)  # noqa: S603 - the caller's own
        return process.wait()
    finally:
        if process is not None and process.poll() is None:
            with held_signals():
                _end(process)


def how_it_ended(code: int) -> str:
    """How a process with this exit code ended, to go on after "has ended": by a signal, or with a code."""
    return f"by {signal.Signals(-code).name}" if code < 0 and os.name == "posix" else f"with exit code {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    _send(process, "SIGTERM")
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _send(process, "SIGKILL")
        process.wait()


def _send(process: subprocess.Popen[bytes], name: str) -> None:
    if os.name == "posix":
        os.killpg(process.pid, getattr(signal, name))
    else:
        process.terminate()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped
