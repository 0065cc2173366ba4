"""host.json, as far as the development host supports it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PREFIX_SETTING = "AzureFunctionsJobHost__extensions__http__routePrefix"
_QUEUES_SETTING = "AzureFunctionsJobHost__extensions__queues__"
_DURATION = re.compile(r"(\d+):(\d\d):(\d\d)(\.\d+)?")


class BadHostJson(ValueError):
    """host.json cannot be used; the message says where."""


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`, with the platform's defaults."""

    max_polling_seconds: float = 60.0
    visibility_timeout_seconds: float = 0.0
    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    is_base64: bool = True


@dataclass(frozen=True)
class HostJson:
    """The settings in host.json that the development host follows."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()


def read_host_json(root: Path, environment: Mapping[str, str]) -> HostJson:
    """The host.json of the app in `root`; raises BadHostJson."""
    try:
        content = json.loads((root / "host.json").read_text(encoding="utf-8-sig"))
        extensions = content.get("extensions", {})
        prefix = extensions.get("http", {}).get("routePrefix", "api")
        prefix = environment.get(_PREFIX_SETTING, prefix)
        queues = {**extensions.get("queues", {}), **_queue_settings(environment)}
        return HostJson(prefix.strip("/"), _queues(queues))
    except BadHostJson:
        raise
    except FileNotFoundError:
        raise BadHostJson(f"there is no host.json in {root}: is this the folder of a function app?") from None
    except (ValueError, AttributeError, TypeError) as error:
        raise BadHostJson(f"host.json cannot be used: {error}") from None


def _queue_settings(environment: Mapping[str, str]) -> dict[str, object]:
    """The settings that replace members of the file. Their values are strings, whatever they mean."""
    return {
        name.removeprefix(_QUEUES_SETTING): int(text) if text.isascii() and text.isdigit() else text
        for name, text in environment.items()
        if name.startswith(_QUEUES_SETTING)
    }


def _queues(options: Mapping[str, object]) -> QueueOptions:
    default = QueueOptions()
    batch_size = _whole(options, "batchSize", default.batch_size, least=1, most=32)
    return QueueOptions(
        max_polling_seconds=_seconds(options, "maxPollingInterval", default.max_polling_seconds, least=0.1),
        visibility_timeout_seconds=_seconds(options, "visibilityTimeout", default.visibility_timeout_seconds),
        batch_size=batch_size,
        new_batch_threshold=_whole(options, "newBatchThreshold", batch_size // 2, least=0),
        max_dequeue_count=_whole(options, "maxDequeueCount", default.max_dequeue_count, least=1),
        is_base64=_is_base64(options),
    )


def _is_base64(options: Mapping[str, object]) -> bool:
    encoding = str(options.get("messageEncoding", "base64")).lower()
    if encoding not in {"base64", "none"}:
        raise BadHostJson("host.json: extensions.queues.messageEncoding must be base64 or none")
    return encoding == "base64"


def _whole(options: Mapping[str, object], name: str, default: int, *, least: int, most: int = 2**31 - 1) -> int:
    value = options.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadHostJson(f"host.json: extensions.queues.{name} must be an integer from {least} to {most}")
    return value


def _seconds(options: Mapping[str, object], name: str, default: float, *, least: float = 0) -> float:
    if name not in options:
        return default
    found = _DURATION.fullmatch(str(options[name]))
    if found is None:
        raise BadHostJson(f"host.json: extensions.queues.{name} must be a time like 00:00:30")
    hours, minutes, seconds, fraction = found.groups()
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(fraction or 0)
    if total < least:
        raise BadHostJson(f"host.json: extensions.queues.{name} must be {least:g} seconds or more")
    return total
