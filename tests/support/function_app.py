"""What the files of this function app may hold: function.json, host.json and local.settings.json, unknown keys refused.

Narrower than the platform, which accepts other triggers and settings too: add here what the app begins to use.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel, to_pascal

_RANGE = re.compile(r"\[(\d+)\.\*, (\d+)\.0\.0\)", re.ASCII)
_TELEMETRY = {"Dependency", "Event", "Exception", "PageView", "Request", "Trace"}


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


def _text(pattern: str) -> StringConstraints:
    return StringConstraints(pattern=pattern)


def _each_once(names: list[str]) -> list[str]:
    if len({*names}) != len(names):
        raise ValueError("a name stands there twice")
    return names


def _range_of_versions(text: str) -> str:
    found = _RANGE.fullmatch(text)
    if not found or int(found[1]) + 1 != int(found[2]):
        raise ValueError("must be all versions of one major, as in `[4.*, 5.0.0)`")
    return text


def _telemetry_types(text: str) -> str:
    if not {*text.split(";")} <= _TELEMETRY:
        raise ValueError("must be types of telemetry with semicolons between them")
    return text


def _some_time(duration: str) -> str:
    if not duration.strip("0:."):
        raise ValueError("must be more than nothing")
    return duration


def _polling_interval(duration: str) -> str:
    if duration < "00:00:00.1":
        raise ValueError("must be 100 ms or more")
    return duration


type Name = Annotated[str, _text(r"^[a-z][a-z0-9_]*$")]
type Method = Literal["delete", "get", "patch", "post", "put"]
# Room is left for `-poison`, which the queue of failed messages adds to the name.
type QueueName = Annotated[str, _text(r"^[a-z0-9](-?[a-z0-9])+$"), Field(min_length=3, max_length=63 - len("-poison"))]
type Duration = Annotated[
    str, _text(r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,7})?$"), AfterValidator(_some_time)
]
type Level = Literal["Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"]
type SettingName = Annotated[str, _text(r"^[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*$")]


class HttpTrigger(_Strict):
    """Requests start the function."""

    name: Name
    type: Literal["httpTrigger"]
    direction: Literal["in"]
    auth_level: Literal["anonymous", "function"]
    methods: Annotated[list[Method], Field(min_length=1), AfterValidator(_each_once)]
    route: Annotated[str, _text(r"^[^/\s]([^\s]*[^/\s])?$")]


class QueueTrigger(_Strict):
    """Messages start the function."""

    name: Name
    type: Literal["queueTrigger"]
    direction: Literal["in"]
    queue_name: QueueName
    connection: Literal["AzureWebJobsStorage"]


class TimerTrigger(_Strict):
    """The clock starts the function, in UTC. The schedule is an app setting, so that it can be another one anywhere."""

    name: Name
    type: Literal["timerTrigger"]
    direction: Literal["in"]
    schedule: Annotated[str, _text(r"^%[A-Z]+(_[A-Z]+)*%$")]


class HttpOutput(_Strict):
    """What `main` returns is the answer."""

    name: Literal["$return"]
    type: Literal["http"]
    direction: Literal["out"]


class FunctionJson(_Strict):
    """function.json: the script, and either requests with their answer, or messages, or a timer."""

    script_file: Literal["__init__.py"]
    entry_point: Literal["main"] = "main"
    bindings: list[Annotated[HttpTrigger | QueueTrigger | TimerTrigger | HttpOutput, Field(discriminator="type")]]

    @model_validator(mode="after")
    def _has_one_trigger(self) -> Self:
        kinds = sorted(binding.type for binding in self.bindings)
        if kinds not in (["http", "httpTrigger"], ["queueTrigger"], ["timerTrigger"]):
            raise ValueError("must be an httpTrigger and its http, a queueTrigger, or a timerTrigger")
        return self


class _Http(_Strict):
    route_prefix: Annotated[str, _text(r"^[a-z0-9]+$")]


class _Queues(_Strict):
    max_polling_interval: Annotated[Duration, AfterValidator(_polling_interval)]
    visibility_timeout: Duration
    batch_size: Annotated[int, Field(ge=1, le=32)]
    new_batch_threshold: Annotated[int, Field(ge=0)]
    max_dequeue_count: Annotated[int, Field(ge=1)]
    message_encoding: Literal["base64"]


class _Extensions(_Strict):
    http: _Http
    queues: _Queues


class _ExtensionBundle(_Strict):
    id: Literal["Microsoft.Azure.Functions.ExtensionBundle"]
    version: Annotated[str, AfterValidator(_range_of_versions)]


class _Sampling(_Strict):
    is_enabled: bool
    excluded_types: Annotated[str, AfterValidator(_telemetry_types)]


class _ApplicationInsights(_Strict):
    sampling_settings: _Sampling


class _Logging(_Strict):
    log_level: dict[str, Level]
    application_insights: _ApplicationInsights


class HostJson(_Strict):
    """host.json."""

    version: Literal["2.0"]
    extension_bundle: _ExtensionBundle
    extensions: _Extensions
    function_timeout: Duration
    logging: _Logging


class _Local(_Strict):
    model_config = ConfigDict(alias_generator=to_pascal)


class _Host(_Local):
    local_http_port: Annotated[int, Field(ge=1, le=65535)]


class LocalSettings(_Local):
    """local.settings.json, as it is copied from the example: readable, and with what the platform needs."""

    is_encrypted: Literal[False]
    values: dict[SettingName, str]
    host: _Host

    @model_validator(mode="after")
    def _has_what_the_platform_needs(self) -> Self:
        if self.values.get("FUNCTIONS_WORKER_RUNTIME") != "python" or not self.values.get("AzureWebJobsStorage"):
            raise ValueError("must say that Python runs, and where storage is")
        return self
