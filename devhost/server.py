"""uvicorn with the ending that a terminal expects: Ctrl-C lets what runs finish for a while, a second one ends it."""

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from queue import SimpleQueue
from types import FrameType
from typing import NoReturn

import uvicorn

log = logging.getLogger("devhost")


class Server(uvicorn.Server):
    """Calls `on_stop` when it stops; the process ends `grace_seconds` later at the latest, with exit code 0."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None], grace_seconds: float) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._grace_seconds = grace_seconds
        # Unlike an event, it may be used in a signal's handler.
        self._signals: SimpleQueue[int] = SimpleQueue()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """As in uvicorn, but a signal is not raised again at the end: ending by Ctrl-C is a success."""
        threading.Thread(target=self._give_up_in_time, daemon=True).start()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal stops the server, the second one ends the process."""
        if self.should_exit:
            os._exit(128 + sig)
        self._signals.put(sig)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests under way, then what the app's lifespan waits for."""
        self._on_stop()
        await super().shutdown(sockets)

    def _give_up_in_time(self) -> NoReturn:
        # A thread of Python cannot be ended, and an interpreter that ends waits for all: only this is sure to end it.
        self._signals.get()
        log.info("ending: what runs may take %g s; a second Ctrl-C does not wait", self._grace_seconds)
        time.sleep(self._grace_seconds)
        log.warning("what still runs is given up")
        os._exit(0)
