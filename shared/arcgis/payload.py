"""The payloads that feature services post, in all their shapes (docs/sources/arcgis.md 4.1, 4.2 and 7). Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, unquote_to_bytes

from shared.errors import BadRequest, NotJson
from shared.strict_json import parse_json
from shared.validation import STRING, max_length

MAX_ENTRIES = 200
"""The most entries in one payload. Each is a layer, and no service has as many."""

_PING = "nocontent"
_GENERATIONS = re.compile(r"[?&]serverGens=\[?\s*(\d+)\s*(?:,\s*(\d+)\s*)?\]?", re.IGNORECASE)
_FORM = re.compile(rb"\s*payload=", re.IGNORECASE)
# The pattern has no white space after it: two parts that both match spaces could be made slow on purpose.
_SIGNATURE_LAST = re.compile(rb"&x-esri(?:hook)?-signature=([^&]*)\Z", re.IGNORECASE)
_SIGNATURE_FIRST = re.compile(rb"\s*x-esri(?:hook)?-signature=([^&]*)&(?=payload=)", re.IGNORECASE)
_MAX_INT = 2**63
_MAX_EVENTS = 20
_EVENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class SignedContent:
    """The bytes that were signed, and their signature if the body holds it."""

    content: bytes
    signature: str | None = None


@dataclass(frozen=True)
class LayerChange:
    """One entry: something happened in a layer. `changes_url` is decoded; `when` is a time as the service writes it.

    `layer_id` is None if the service names no layer. `raw` is the entry as it came.
    """

    layer_id: int | None
    service_name: str
    changes_url: str
    events: tuple[str, ...]
    when: str
    raw: Mapping[str, object]

    @property
    def server_generations(self) -> str:
        """The generations in `changes_url`, `40310512,40310530`; empty if it names none."""
        found = _GENERATIONS.search(unquote(self.changes_url))
        return ",".join(filter(None, found.groups())) if found else ""


def split_form(body: bytes) -> SignedContent:
    """The signed part of a body: all of it, or the value of `payload` in a form, as it stands there.

    A form is `payload=...&x-esriHook-Signature=...`, in either order.
    """
    first = _SIGNATURE_FIRST.match(body)
    rest = body[first.end() :] if first else body
    begin = _FORM.match(rest)
    if begin is None:
        return SignedContent(body)
    value = rest[begin.end() :]
    # The last one counts, because text within the JSON may look like one.
    last = _SIGNATURE_LAST.search(value)
    found = last or first
    return SignedContent(
        value[: last.start()] if last else value,
        found.group(1).decode("latin-1") if found else None,
    )


def decoded_form_value(content: bytes) -> bytes:
    """The value of a form that was percent-encoded, with plus signs for spaces, decoded."""
    return unquote_to_bytes(content.replace(b"+", b" "))


def parse_changes(content: bytes) -> tuple[LayerChange, ...]:
    """The changes in a payload; none in the ping of a test. Raises BadRequest for an unusable payload."""
    entries = _entries(content)
    if len(entries) > MAX_ENTRIES:
        raise BadRequest(f"the payload must have at most {MAX_ENTRIES} entries (got {len(entries)})", pointer="#")
    return tuple(_changes(entries))


def _entries(content: bytes) -> list[object]:
    try:
        value = parse_json(content)
    except NotJson:
        # The value of a form may be percent-encoded.
        if not content.lstrip().startswith(b"%"):
            raise
        value = parse_json(decoded_form_value(content))
    if isinstance(value, dict) and isinstance(value.get("payload"), str) and "events" not in value:
        value = parse_json(value["payload"].encode("utf-8"))
    entries = value if isinstance(value, list) else [value]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise BadRequest("the payload must be an object, or an array of objects", pointer="#")
    return entries


def _changes(entries: list[object]) -> Iterator[LayerChange]:
    for number, entry in enumerate(entries):
        if isinstance(entry, dict):
            change = _change(entry, f"#/{number}")
            if any(event.lower() != _PING for event in change.events):
                yield change


def _change(entry: Mapping[str, object], pointer: str) -> LayerChange:
    layer_id = entry.get("layerId")
    if layer_id is not None and (isinstance(layer_id, bool) or not isinstance(layer_id, int) or layer_id < 0):
        raise BadRequest("layerId must be an integer of 0 or more", pointer=f"{pointer}/layerId")
    if layer_id is not None and layer_id >= _MAX_INT:
        raise BadRequest("layerId is too large for a layer", pointer=f"{pointer}/layerId")
    events, times = _events(entry, pointer)
    updated = entry.get("lastUpdatedTime")
    return LayerChange(
        layer_id=layer_id,
        service_name=_text(entry, "serviceName", pointer, at_most=1_000),
        changes_url=_decoded_url(_text(entry, "changesUrl", pointer, at_most=4_000)),
        events=events,
        when=str(updated) if isinstance(updated, int | str) and updated != "" else times,
        raw=entry,
    )


def _events(entry: Mapping[str, object], pointer: str) -> tuple[tuple[str, ...], str]:
    """The names of the events, and their times if they have any."""
    given = entry.get("events")
    if given is None:
        given = entry.get("changeType")
    items = given if isinstance(given, list) else [given]
    if not 1 <= len(items) <= _MAX_EVENTS:
        raise BadRequest(f"events must have 1 to {_MAX_EVENTS} names (got {len(items)})", pointer=f"{pointer}/events")
    names, times = list[str](), list[str]()
    for item in items:
        name = item.get("eventType") if isinstance(item, dict) else item
        if not isinstance(name, str) or not _EVENT.fullmatch(name):
            raise BadRequest("events must be an array of names", pointer=f"{pointer}/events")
        names.append(name)
        times.append(str(item.get("when", "")) if isinstance(item, dict) else "")
    return tuple(dict.fromkeys(names)), ",".join(filter(None, times))


def _text(entry: Mapping[str, object], name: str, pointer: str, *, at_most: int) -> str:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} {STRING}", pointer=f"{pointer}/{name}")
    # Counted as it is stored, in JSON of ASCII characters.
    if (length := len(json.dumps(value))) > at_most:
        raise BadRequest(f"{name} {max_length(at_most, length)}", pointer=f"{pointer}/{name}")
    return (value or "").strip()


def _decoded_url(text: str) -> str:
    """The address itself; it comes percent-encoded as a whole (`https%3a%2f%2f...`)."""
    return unquote(text) if "://" not in text else text
