"""The webhooks of one feature service, at its admin resource (docs/sources/arcgis.md 3.1)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.arcgis.client import ArcGisOutage, ArcGisRest, ArcGisToken

_SERVICE = "the feature service"
_ID = re.compile(r"[A-Za-z0-9_{}-]{1,100}")
# The shortest interval that the documentation allows.
_INTERVAL_SECONDS = 30


@dataclass(frozen=True)
class Hook:
    """A webhook as the service should have it."""

    name: str
    url: str
    change_types: Sequence[str]
    secret: str
    is_active: bool

    def as_form(self, now: datetime) -> Mapping[str, str]:
        """The parameters of `create` and `edit`."""
        schedule = {
            "name": f"Every-{_INTERVAL_SECONDS}seconds",
            "startAt": int(now.timestamp() * 1000),
            "state": "enabled",
            "recurrenceInfo": {"frequency": "second", "interval": _INTERVAL_SECONDS},
        }
        return {
            "name": self.name,
            "hookUrl": self.url,
            "changeTypes": ",".join(self.change_types),
            "signatureKey": self.secret,
            "active": str(self.is_active).lower(),
            "contentType": "application/json",
            "payloadFormat": "json",
            "scheduleInfo": json.dumps(schedule),
        }


class ServiceWebhooks:
    """Manages the webhooks below `url` as the bearer of `token`. Each method raises ArcGisRefused and ArcGisOutage."""

    def __init__(self, rest: ArcGisRest, url: str, token: ArcGisToken) -> None:
        self._rest = rest
        self._url = url
        self._token = token

    def create(self, hook: Hook, now: datetime) -> str:
        """Make a webhook, and return its id. The service sends a challenge to its address before it answers."""
        made = self._post("/create", hook.as_form(now))
        found = _id_of(made)
        if found is None:
            raise ArcGisOutage(f"{_SERVICE} answered without the id of the new webhook")
        return found

    def edit(self, id_: str, hook: Hook, now: datetime) -> None:
        """Change a webhook."""
        self._post(f"/{id_}/edit", hook.as_form(now))

    def delete(self, id_: str) -> None:
        """Remove a webhook."""
        self._post(f"/{id_}/delete", {})

    def ids_by_name(self) -> dict[str, str]:
        """The ids of all webhooks, by their names."""
        listed = self._post("", {})
        rows = listed if isinstance(listed, list) else []
        return {
            str(row.get("name")): found for row in rows if isinstance(row, dict) and (found := _id_of(row)) is not None
        }

    def _post(self, path: str, form: Mapping[str, str]) -> object:
        return self._rest.post(_SERVICE, self._url + path, self._token, form)


def _id_of(answer: object) -> str | None:
    """The id in an answer: the last part of `url`, else `globalId`, else `id`; None if there is none."""
    if not isinstance(answer, dict):
        return None
    url = answer.get("url")
    texts = [url.rstrip("/").rpartition("/")[2] if isinstance(url, str) else None]
    texts += [str(answer[name]) for name in ("globalId", "id") if answer.get(name) is not None]
    return next((text for text in texts if text and _ID.fullmatch(text)), None)
