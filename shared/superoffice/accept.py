"""The header Accept (RFC 9110, 12.5.1): how much a client wants a media type. What is malformed in it is ignored."""

import re
from dataclasses import dataclass

_MOST_RANGES = 100
_QUALITY = re.compile(r"\s*q\s*=\s*(0(\.[0-9]{0,3})?|1(\.0{0,3})?)\s*", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Wish:
    """How much a type is wanted, to be compared with the wish for another.

    `quality` goes from 0, not at all, to 1. Of types that are wanted alike, the one goes first that is named more
    exactly (3 for its own name, 2 for `text/*`, 1 for `*/*`), then the one that is named earlier.
    """

    quality: float
    exactness: int
    earliness: int


def wish_for(media_type: str, accept: str) -> Wish:
    """What the header says of a media type, which is in lower case.

    The most exact range decides: with `text/*, text/xml;q=0.1`, text/xml has the quality 0.1.
    """
    wishes = [
        Wish(_quality(parameters), _exactness(name.strip().lower(), media_type), -place)
        for place, part in enumerate(accept.split(",")[:_MOST_RANGES])
        for name, *parameters in [part.split(";")]
    ]
    fitting = [wish for wish in wishes if wish.exactness]
    return max(fitting, key=lambda wish: (wish.exactness, wish.earliness), default=Wish(0.0, 0, 0))


def _exactness(name: str, media_type: str) -> int:
    if name == media_type:
        return 3
    if name == f"{media_type.partition('/')[0]}/*":
        return 2
    return 1 if name == "*/*" else 0


def _quality(parameters: list[str]) -> float:
    found = (_QUALITY.fullmatch(parameter) for parameter in parameters)
    return next((float(match[1]) for match in found if match), 1.0)
