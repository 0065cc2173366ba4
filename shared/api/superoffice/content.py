"""Bodies in and out: which formats are taken and given, and how one is chosen (docs/sources/superoffice.md 7)."""

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.api.superoffice.form import mislabelled_texts, read_form
from shared.api.superoffice.relaxed_json import parse_relaxed_json
from shared.api.superoffice.xml_input import read_xml
from shared.api.superoffice.xml_output import write_xml, write_xml_list
from shared.errors import BadRequest, UnsupportedMediaType

_MAX_RANGES = 100
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
        for place, part in enumerate(accept.split(",")[:_MAX_RANGES])
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


MAX_LIST_BYTES = 8_000_000
"""Of a list that is answered."""


class TooLong(ValueError):
    """A list whose document would have more than MAX_LIST_BYTES."""


class Format(StrEnum):
    """What can be answered, by its media type; the first one is the default, and the order settles a tie."""

    JSON = "application/json"
    TEXT_JSON = "text/json"
    XML = "application/xml"
    TEXT_XML = "text/xml"


_READERS: dict[str, Callable[[bytes], object]] = {
    Format.JSON: parse_relaxed_json,
    Format.TEXT_JSON: parse_relaxed_json,
    Format.XML: read_xml,
    Format.TEXT_XML: read_xml,
    "application/x-www-form-urlencoded": read_form,
}
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_XML = frozenset({Format.XML, Format.TEXT_XML})


def read_document(body: bytes, content_type: str | None, known: Sequence[str] = ()) -> object:
    """The document in a body of JSON, XML or form fields.

    What says that it is a form and is JSON or XML is read as what it is: curl's `-d` and PowerShell say so of any text.
    `known` are the members of which a form must have one, where all are optional.

    Raises UnsupportedMediaType for another type or charset, or none at all, and BadRequest for an empty or malformed
    body. How long a body may be is decided before (shared/http.py).
    """
    return _read(body, content_type, lambda form: read_form(form, known))


def read_patch(body: bytes, content_type: str | None) -> object:
    """The patch in a body, as read_document reads it; a form is no patch, and is an UnsupportedMediaType."""
    return _read(body, content_type, _refuse_form)


def _read(body: bytes, content_type: str | None, form_reader: Callable[[bytes], object]) -> object:
    reader = _reader(content_type or "")
    if not body.strip():
        raise BadRequest("the body is empty: an entity is needed", pointer="#")
    if reader is not read_form:
        return reader(body)
    texts = mislabelled_texts(body)
    return _read_mislabelled(texts) if texts else form_reader(body)


def _read_mislabelled(texts: Sequence[bytes]) -> object:
    """The document in the first of the texts that holds one; raises what is wrong with the very first."""
    reader = read_xml if texts[0].lstrip().startswith(b"<") else parse_relaxed_json
    refusals = list[BadRequest]()
    for text in texts:
        try:
            return reader(text)
        except BadRequest as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _refuse_form(_: bytes) -> object:
    raise UnsupportedMediaType(
        "a patch is never a form: send a JSON array of operations, or an object to merge, with Content-Type: "
        "application/json"
    )


def choose_format(accept: str | None) -> Format:
    """The format that the header Accept wants most; JSON where it is absent, malformed, or asks for others only."""
    if not accept:
        return Format.JSON
    # max gives the first of equals: where the header wants two formats alike, the order of the enum counts.
    best = max(Format, key=lambda known: wish_for(known, accept))
    return best if wish_for(best, accept).quality else Format.JSON


def write_document(value: object, format_: Format, root: str) -> tuple[bytes, str]:
    """The body and its Content-Type; `root` names the root element where it is XML.

    An iterator is written as a list, item by item, so that a long one is never held as a whole but in its document.
    Raises TooLong as soon as that has more bytes than a list may have.
    """
    if isinstance(value, Iterator):
        body = _bounded(write_xml_list(value, root) if format_ in _XML else _json_list(value))
    else:
        body = write_xml(value, root) if format_ in _XML else _json(value)
    return body, f"{format_}; charset=utf-8"


def _bounded(pieces: Iterator[bytes]) -> bytes:
    document = io.BytesIO()
    for piece in pieces:
        if document.tell() + len(piece) > MAX_LIST_BYTES:
            # Whoever handles the error must not hold it.
            document.close()
            raise TooLong(f"the list has more than {MAX_LIST_BYTES} bytes")
        document.write(piece)
    return document.getvalue()


def _json_list(items: Iterator[object]) -> Iterator[bytes]:
    yield b"["
    for number, item in enumerate(items):
        yield b", " + _json(item) if number else _json(item)
    yield b"]"


def _json(value: object) -> bytes:
    # A text from a receiver may hold what UTF-8 cannot.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _reader(content_type: str) -> Callable[[bytes], object]:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    is_json = media_type.startswith("application/") and media_type.endswith("+json")
    reader = parse_relaxed_json if is_json else _READERS.get(media_type)
    if reader is None:
        raise UnsupportedMediaType("Content-Type must be JSON, XML or application/x-www-form-urlencoded")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(' "') not in _CHARSETS:
            raise UnsupportedMediaType("the charset must be utf-8")
    return reader
