"""Bodies in and out: which formats are accepted and answered, and how one is chosen (docs/sources/superoffice.md 7)."""

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.api.superoffice.form import mislabelled_texts, read_form
from shared.api.superoffice.relaxed_json import parse_relaxed_json
from shared.errors import BadRequest, UnsupportedMediaType

MAX_LIST_BYTES = 8_000_000
"""The length of a list that is answered."""


class TooLong(ValueError):
    """The document of a list would have more than MAX_LIST_BYTES."""


class Format(StrEnum):
    """The formats of answers, by media type. The first one is the default, and the order settles a tie."""

    JSON = "application/json"
    TEXT_JSON = "text/json"
    XML = "application/xml"
    TEXT_XML = "text/xml"


def _read_xml(body: bytes) -> object:
    # Imported late: few clients send XML.
    from shared.api.superoffice.xml_input import read_xml

    return read_xml(body)


_READERS: dict[str, Callable[[bytes], object]] = {
    Format.JSON: parse_relaxed_json,
    Format.TEXT_JSON: parse_relaxed_json,
    Format.XML: _read_xml,
    Format.TEXT_XML: _read_xml,
    "application/x-www-form-urlencoded": read_form,
}
_MAX_RANGES = 100
_QUALITY = re.compile(r"\s*q\s*=\s*(0(\.[0-9]{0,3})?|1(\.0{0,3})?)\s*", re.IGNORECASE)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_XML = frozenset({Format.XML, Format.TEXT_XML})


def read_document(body: bytes, content_type: str | None, known: Sequence[str] = ()) -> object:
    """The document in a body of JSON, XML or form fields.

    JSON or XML that is labelled as a form is read as JSON or XML: curl's `-d` and PowerShell label every text so. If
    all members are optional, `known` names those of which a form must have one.

    Raises UnsupportedMediaType for another type or charset, or none at all, and BadRequest for an empty or malformed
    body. The length of a body is limited before (shared/http.py).
    """
    return _read(body, content_type, lambda form: read_form(form, known))


def read_patch(body: bytes, content_type: str | None) -> object:
    """The patch in a body, as read_document reads it; raises UnsupportedMediaType for a form too."""
    return _read(body, content_type, _refuse_form)


def _read(body: bytes, content_type: str | None, form_reader: Callable[[bytes], object]) -> object:
    reader = _reader(content_type or "")
    if not body.strip():
        raise BadRequest("the body must not be empty", pointer="#")
    if reader is not read_form:
        return reader(body)
    texts = mislabelled_texts(body)
    return _read_mislabelled(texts) if texts else form_reader(body)


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


def _read_mislabelled(texts: Sequence[bytes]) -> object:
    """The document in the first of the texts that can be read; if none can, raises what is wrong with the first."""
    reader = _read_xml if texts[0].lstrip().startswith(b"<") else parse_relaxed_json
    refusals = list[BadRequest]()
    for text in texts:
        try:
            return reader(text)
        except BadRequest as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _refuse_form(_: bytes) -> object:
    raise UnsupportedMediaType(
        "a patch must not be a form: send a JSON array of operations, or an object to merge, with Content-Type: "
        "application/json"
    )


def choose_format(accept: str | None) -> Format:
    """The format that the header Accept prefers; JSON if it is absent, malformed, or names other formats only."""
    if not accept:
        return Format.JSON
    # max gives the first of equals, so between two formats of the same rank the order of the enum decides.
    best = max(Format, key=lambda known: wish_for(known, accept))
    return best if wish_for(best, accept).quality else Format.JSON


@dataclass(frozen=True, order=True)
class Wish:
    """How much a client prefers a media type; compares with the wish for another.

    `quality` goes from 0, not at all, to 1. Between equals the range that is more exact goes first (3 for the type's
    own name, 2 for `text/*`, 1 for `*/*`), then the one that is named earlier.
    """

    quality: float
    exactness: int
    earliness: int


def wish_for(media_type: str, accept: str) -> Wish:
    """What the header Accept says of a media type, which is given in lower case.

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


def write_document(value: object, format_: Format, root: str) -> tuple[bytes, str]:
    """The body and its Content-Type; `root` is the name of the root element of XML.

    An iterator is written as a list, item by item, so that only its document is held as a whole. Raises TooLong as soon
    as that has more than MAX_LIST_BYTES.
    """
    if format_ in _XML:
        body = _xml(value, root)
    else:
        body = _bounded(_json_list(value)) if isinstance(value, Iterator) else _json(value)
    return body, f"{format_}; charset=utf-8"


def _bounded(pieces: Iterator[bytes]) -> bytes:
    document = io.BytesIO()
    for piece in pieces:
        if document.tell() + len(piece) > MAX_LIST_BYTES:
            # Otherwise it would be held for as long as the error is.
            document.close()
            raise TooLong(f"the list has more than {MAX_LIST_BYTES} bytes")
        document.write(piece)
    return document.getvalue()


def _json_list(items: Iterator[object]) -> Iterator[bytes]:
    yield b"["
    for number, item in enumerate(items):
        yield b", " + _json(item) if number else _json(item)
    yield b"]"


def _xml(value: object, root: str) -> bytes:
    from shared.api.superoffice.xml_output import write_xml, write_xml_list

    return _bounded(write_xml_list(value, root)) if isinstance(value, Iterator) else write_xml(value, root)


def _json(value: object) -> bytes:
    # A text from a receiver may hold lone surrogates, which UTF-8 cannot.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
