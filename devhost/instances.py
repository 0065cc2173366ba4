"""The running app as its parent sees it: one process or several, and what happens when one ends by itself."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from devhost.launch import wait_until_ready
from devhost.signals import SIGNALS, how_it_ended

_LOOK_SECONDS = 0.2
_BEFORE_ANOTHER_SECONDS = 1.0

type Process = "subprocess.Popen[bytes]"
type Start = Callable[[int], Process]


class Instances:
    """The hosts of one app, numbered from 0, each answering at a URL of its own. Signals are passed on to all of them.

    If one of several ends by itself, standard error says so, and a second later another takes its place, as on the
    platform. Where that one does not come up, the others go on without it. A single host that ends is the app's end.
    """

    def __init__(self, urls: Sequence[str], start: Start) -> None:
        """Starts them all: `start` is given a number and returns the process."""
        self.urls = urls
        self._start = start
        self._early: list[int] = []
        self._is_stopped = False
        self._are_up = False
        self._last_code = 0
        for number in SIGNALS:
            signal.signal(number, lambda number, _: self._early.append(number))
        self._processes = {instance: start(instance) for instance in range(len(urls))}
        for number in SIGNALS:
            signal.signal(number, lambda number, _: self._hand_on(number))
        # Those that came while the processes were being started.
        for early in self._early:
            self._hand_on(early)

    @property
    def is_stopped(self) -> bool:
        """Whether they were asked to end."""
        return self._is_stopped

    @property
    def pids(self) -> list[tuple[str, int]]:
        """URL and process id of each instance that runs."""
        return [(self.urls[number], process.pid) for number, process in sorted(self._processes.items())]

    def are_ready(self) -> bool:
        """Wait until all of them answer. Returns False if one ends before, or takes too long."""
        self._are_up = all(wait_until_ready(self.urls[number], process) for number, process in self._processes.items())
        return self._are_up

    def ended(self, when_changed: Callable[[], None], lost: Callable[[], str] = str) -> int:
        """Wait until all have ended. Returns 0 if they were asked to, else the last exit code.

        `when_changed` is called when another process has taken the place of one, or a place stays empty. Where `lost`
        says that something is gone which they cannot work without, they are ended, standard error says it, and 1 is
        returned; the empty string means that all is there.
        """
        while self._processes:
            for number, process in list(self._processes.items()):
                if process.poll() is not None:
                    self._see_off(number, process, when_changed)
            if not self._is_stopped and (what := lost()):
                self.end()
                # Last, below what they said on their way out.
                _say(what)
                return 1
            time.sleep(_LOOK_SECONDS)
        return 0 if self._is_stopped else self._last_code

    def given_up(self) -> int:
        """End them, for one did not come up. Returns 0 if they were asked to, else an exit code that is not 0."""
        codes = [process.poll() for process in self._processes.values()]
        self.end()
        return 0 if self._is_stopped else next(filter(None, codes), 1)

    def end(self) -> None:
        """Ask those that still run to end, and wait until they have."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait()

    def _see_off(self, number: int, process: Process, when_changed: Callable[[], None]) -> None:
        self._last_code = process.wait()
        del self._processes[number]
        if self._is_stopped or len(self.urls) == 1:
            return
        how = how_it_ended(self._last_code)
        _say(f"instance {number + 1} (process {process.pid}) has ended {how}: another takes its place")
        time.sleep(_BEFORE_ANOTHER_SECONDS)
        # A signal may come at any moment; one that came before the next line found no process here to end.
        if not self._is_stopped:
            self._replace(number)
        when_changed()

    def _replace(self, number: int) -> None:
        process = self._start(number)
        self._processes[number] = process
        if self._is_stopped:
            process.terminate()
        elif not wait_until_ready(self.urls[number], process) and not self._is_stopped:
            process.kill()
            self._last_code = process.wait()
            del self._processes[number]
            _say(f"instance {number + 1} does not come up again; {len(self._processes)} go on")

    def _hand_on(self, number: int) -> None:
        self._is_stopped = True
        for process in self._processes.values():
            # One that has hardly begun, and does not know of signals yet, would complain of a Ctrl-C.
            process.send_signal(number if self._are_up else signal.SIGTERM)


@contextmanager
def running_instances(urls: Sequence[str], start: Start) -> Iterator[Instances]:
    """The running hosts; they have ended afterwards."""
    instances = Instances(urls, start)
    try:
        yield instances
    finally:
        instances.end()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
