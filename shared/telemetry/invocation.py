"""The edge of a function: its invocation's place in a trace, and whether spans and metrics are exported."""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import azure.functions as func

from shared.telemetry.lines import tell
from shared.telemetry.tracing import at_invocation

SETTING = "OPENTELEMETRY"

_YES = frozenset({"1", "true", "t", "yes", "y", "on"})

log = logging.getLogger(__name__)


class ExportSwitch:
    """Begins to export at the first invocation, if the environment says so; once in a process.

    The setting is read here, and not with all others: the first request is measured too, and what is wrong with another
    setting must not keep telemetry from telling so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_decided = False
        self.end: Callable[[], object] = _nothing

    def decide(self, environment: Mapping[str, str]) -> None:
        """Begin, unless that was decided before. Raises nothing: what cannot be exported is told in one line."""
        if not self._is_decided:
            with self._lock:
                self._decide(environment)

    def _decide(self, environment: Mapping[str, str]) -> None:
        # Another invocation may have decided while this one waited.
        if not self._is_decided and is_on(environment):
            self._begin(environment)
        self._is_decided = True

    def _begin(self, environment: Mapping[str, str]) -> None:
        try:
            # Imported here: nothing else needs it, and it takes its time.
            from shared.telemetry.exporting import Exporting

            self.end = Exporting(environment).end
        except Exception as error:
            # Of whatever is wrong with an address or a package only the kind is told: its text may hold a key.
            fields = {"exporter": "none could be made", "error": type(error).__name__}
            tell(log, "telemetry.unexported", fields, logging.ERROR)


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether the environment asks for spans and metrics."""
    return environment.get(SETTING, "").strip().lower() in _YES


def _nothing() -> None:
    """Nothing was begun."""


_switch = ExportSwitch()


@contextmanager
def invoked(context: func.Context | None) -> Iterator[None]:
    """What runs inside is an invocation, and continues its trace; a new one begins where it names none.

    Without a context what runs inside belongs to whatever surrounds it.
    """
    if context is None:
        yield
        return
    _switch.decide(os.environ)
    with at_invocation(context):
        yield
