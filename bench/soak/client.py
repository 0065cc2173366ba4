"""What a soak says to the hub over HTTP: the sources' events, the registrations, and the questions about both."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from bench.site import Site
from bench.soak.plan import PlannedEvent, Source
from bench.soak.receivers import SECRET
from devhost.install import ROOT

SIGNAL_EVENT = "soak.signalled"
CONNECTION_EVENT = "connection.created"
_SAMPLE = json.loads((ROOT / "ConnectionWebhook" / "sample.dat").read_text(encoding="utf-8"))
_MAX_TRIES = 6
_PAUSE_SECONDS = 1.0
_TIMEOUT_SECONDS = 30
_PAGE = "200"


class Client:
    """Posts events, and remembers which were acknowledged; threads may share it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self.acknowledged: set[str] = set()
        self.statuses: Counter[int] = Counter()

    def post(self, event: PlannedEvent) -> None:
        """Post it; a connection again and again until it is accepted, as Dataverse's asynchronous steps do.

        A signal that was not acknowledged is not posted again: it would be a second event.
        """
        for _ in range(_MAX_TRIES if event.source is Source.CONNECTION else 1):
            status = self._post_once(event)
            with self._lock:
                self.statuses[status] += 1
                if status // 100 == 2:
                    self.acknowledged.add(event.mark)
                    return
            time.sleep(_PAUSE_SECONDS)

    def register(self, name: str, url: str) -> int:
        """Register a webhook for all events of the soak: its id."""
        document = {
            "Name": name,
            "Events": [CONNECTION_EVENT, SIGNAL_EVENT],
            "TargetUrl": url,
            "Secret": SECRET,
        }
        return int(self._call("POST", "v1/Webhook", document)["WebhookId"])

    def webhooks(self) -> list[Mapping[str, object]]:
        """All webhooks, as they are listed."""
        listed: list[Mapping[str, object]] = self._call("GET", "v1/Webhook")
        return listed

    def activate_disabled(self) -> list[int]:
        """Let those webhooks begin again that are not active: their ids."""
        ids = [int(str(one["WebhookId"])) for one in self.webhooks() if one["State"] != "Active"]
        for webhook_id in ids:
            self._call("PATCH", f"v1/Webhook/{webhook_id}", {"State": "Active"})
        return ids

    def replay(self) -> None:
        """Replay what is failed or held."""
        query: dict[str, str] = {}
        while (answer := self._call("POST", "v1/events/deliveries/replay", **query))["more"]:
            query = {"continuationToken": answer["continuationToken"]}

    def events(self) -> Iterator[Mapping[str, object]]:
        """What the Events API lists."""
        return self._pages("v1/events")

    def deliveries(self) -> Iterator[Mapping[str, object]]:
        """What the delivery log lists."""
        return self._pages("v1/events/deliveries")

    def _post_once(self, event: PlannedEvent) -> int:
        """The status, or 0 if no answer came."""
        headers, body = {}, json.dumps({**_SAMPLE, "PrimaryEntityId": event.mark})
        path = "webhooks/incoming/dynamicscrm/connection"
        if event.source is Source.SIGNAL:
            headers, path = self._caller, "v1/Agents/Webhook/SignalEvent"
            body = json.dumps({"EventName": SIGNAL_EVENT, "PrimaryKey": int(event.mark)})
        try:
            return requests.post(
                f"{self._site.url}/api/{path}",
                body,
                params={"code": self._site.code},
                headers={"Content-Type": "application/json", **headers},
                timeout=_TIMEOUT_SECONDS,
            ).status_code
        except requests.RequestException:
            return 0

    def _pages(self, path: str) -> Iterator[Mapping[str, object]]:
        token = ""
        while token is not None:
            page = self._call("GET", path, limit=_PAGE, **({"continuationToken": token} if token else {}))
            yield from page["value"]
            token = page["continuationToken"]

    def _call(self, method: str, path: str, document: object = None, **query: str) -> Any:  # noqa: ANN401 - JSON
        """The answer; asked for again where the hub is too busy to give one, or none comes."""
        for number in range(1, _MAX_TRIES + 1):
            try:
                response = requests.request(
                    method,
                    f"{self._site.url}/api/{path}",
                    params={"code": self._site.code, **query},
                    headers=self._caller,
                    json=document,
                    timeout=_TIMEOUT_SECONDS,
                )
                response.raise_for_status()
            except requests.RequestException as error:
                is_refusal = error.response is not None and error.response.status_code < 500
                if is_refusal or number == _MAX_TRIES:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return response.json()
        raise AssertionError("the last try returns or raises")

    @property
    def _caller(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._site.seed.api_key}"}
