"""Masks that come back: each keeps the stored value that it was shown for, or is refused. Pure.

A mask stands for the value of the same name, in any case. Items of a list have no names: there a mask stands for the
value of the item that looks the same, or else of the one at the same place. If that is not certain it is refused,
because a wrong secret is worse than none.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from shared.secret_mask import SECRET_MASK
from shared.webhooks.sensitive import Place, folded, has_mask, is_mask

_NOTHING = object()


class Keeping:
    """Puts stored values in the places of masks. `kept` are the places where it did, `wrong` those where it cannot.

    In each call `masked` is what the caller was shown, and `stored` what it was shown for; both have the same shape.
    """

    def __init__(self) -> None:
        self.kept: list[Place] = []
        self.wrong: list[Place] = []

    def filled(self, new: object, masked: object, stored: object, place: Place) -> object:
        """The value with stored values in the place of its masks."""
        if new == masked and new == stored:
            # This includes a text that only looks like a mask, and was stored as it is.
            return new
        if isinstance(new, dict):
            return self._members(new, masked, stored, place)
        if isinstance(new, list) and has_mask(new):
            return self._items(new, masked, stored, place)
        return self._kept(masked, stored, place) if is_mask(new) else new

    def _kept(self, masked: object, stored: object, place: Place) -> object:
        if masked != SECRET_MASK:
            self.wrong.append(place)
            return None
        self.kept.append(place)
        return stored

    def _members(self, new: dict[str, object], masked: object, stored: object, place: Place) -> dict[str, object]:
        shown = masked if isinstance(masked, dict) else {}
        values = stored if isinstance(stored, dict) else {}
        known = _spellings(new, shown)
        return {
            name: self.filled(inner, *_pair(shown, values, known[name]), (*place, name)) for name, inner in new.items()
        }

    def _items(self, new: list[object], masked: object, stored: object, place: Place) -> list[object]:
        shown = masked if isinstance(masked, list) else []
        values = stored if isinstance(stored, list) else []
        known = _indexes(new, shown, values)
        return [
            self.filled(item, *_pair(shown, values, known[number]), (*place, str(number)))
            for number, item in enumerate(new)
        ]


def _pair(shown: Any, stored: Any, key: object) -> tuple[object, object]:  # noqa: ANN401 - an object or a list
    return (_NOTHING, _NOTHING) if key is None else (shown[key], stored[key])


def _indexes(new: list[object], shown: list[object], stored: list[object]) -> list[int | None]:
    """For each item the index of the stored one whose masks it brings; None if that is not certain."""
    alike, mine = _places(shown), _places(new)
    indexes: list[int | None] = [None] * len(new)
    for text, numbers in mine.items():
        found = alike.get(text, [])
        if len(found) == len(numbers):
            meant: list[int | None] = [*found]
        elif found:
            # Some of those that look the same are gone: it matters which, unless their values are the same.
            is_one = len({_text(stored[index]) for index in found}) == 1
            meant = [found[0] if is_one else None] * len(numbers)
        else:
            has_place = len(new) == len(shown)
            meant = [number if has_place and _text(shown[number]) not in mine else None for number in numbers]
        for number, index in zip(numbers, meant, strict=True):
            indexes[number] = index
    return indexes


def _places(items: list[object]) -> Mapping[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        places[_text(item)].append(number)
    return places


def _text(item: object) -> str:
    return json.dumps(item, sort_keys=True)


def _spellings(new: Mapping[str, object], known: Mapping[str, object]) -> dict[str, str | None]:
    """For each name the stored one: spelled the same, or else the only one equal but for case; None if neither."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in known:
        alike[folded(name)].append(name)
    found = {name: [name] if name in known else alike.get(folded(name), []) for name in new}
    return {name: spellings[0] if len(spellings) == 1 else None for name, spellings in found.items()}
