"""placeholder until the storage branch lands"""

from collections.abc import Callable, Hashable


class SingleFlight[Key: Hashable, Value]:
    def run(self, key: Key, read: Callable[[], Value]) -> Value:
        return read()
