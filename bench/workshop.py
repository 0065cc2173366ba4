"""What the measurements of one run share: storage, a receiver, a folder, and what is collected for the results."""

import os
import shutil
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.install import FOLDER
from bench.receiver import RunningReceiver, running_receiver
from devhost.azurite import azurite


class Workshop:
    """Everything is started when it is first needed, and ended with the block.

    `tables`, `settings` and `curves` collect what the comparisons show beside their figures; `skipped` has a sentence
    for each that is not available here.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.tables: list[list[list[str]]] = []
        self.settings: dict[str, str] = {}
        self.curves: dict[str, object] = {}
        self.skipped: list[str] = []

    @cached_property
    def connection_string(self) -> str:
        """Of an Azurite in memory, for what is measured within this process; the app's functions find it too."""
        storage = self._stack.enter_context(azurite())
        os.environ["AzureWebJobsStorage"] = storage.connection_string  # noqa: SIM112 - the platform's spelling
        return storage.connection_string

    @cached_property
    def receiver(self) -> RunningReceiver:
        """The receiver that all running apps deliver to."""
        return self._stack.enter_context(running_receiver())

    @cached_property
    def folder(self) -> Path:
        """Empty at first; for the data and logs of running apps."""
        folder = FOLDER / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()
