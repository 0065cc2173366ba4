"""Answers of a neighbour, remembered for a time."""

from collections.abc import Callable, Hashable
from threading import Condition

from cachetools import TTLCache, cached
from cachetools.keys import hashkey


def remembered[Key: Hashable, Value](ask: Callable[[Key], Value], *, seconds: int, most: int) -> Callable[[Key], Value]:
    """`ask`, with its answers kept for `seconds` and at most `most` of them; 0 seconds keeps none.

    Concurrent questions with one key ask once. What raises is not remembered.
    """
    answers: TTLCache[object, Value] = TTLCache(maxsize=most if seconds else 0, ttl=seconds)
    return cached(answers, key=hashkey, condition=Condition())(ask)
