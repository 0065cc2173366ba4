"""Counts storage transactions in the transport, where every attempt passes, retries included."""

import threading
from typing import Any

from shared.storage.transport import StorageTransport


class CountingTransport(StorageTransport):
    """A transport that knows how often it was used."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.count = 0

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Count, then send."""
        with self._lock:
            self.count += 1
        return super().send(request, **kwargs)
