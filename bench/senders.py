"""The senders that are compared: the hub, and django-webhook on Celery and Redis. Each accepts events over HTTP."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from requests import RequestException

from bench.cpu import cpu_seconds
from bench.install import REDIS_PACKAGES, debian_packages, libraries_of, python_environment, version_of
from bench.processes import Sessions, free_port, running, wait_for
from bench.receiving import SAMPLE
from bench.site import Site
from bench.soak.client import Client
from devhost.install import ROOT

CREATED = 201
HUB_SETTINGS = {"DELIVERY_REQUIRE_HTTPS": "false", "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8"}
_REGISTER_THREADS = 4


class Sender(Protocol):
    """Accepts events, and delivers each to the URLs that it was started with."""

    @property
    def name(self) -> str:
        """Its name in tables."""
        ...

    @property
    def settings(self) -> str:
        """How it was set up."""
        ...

    def post(self, mark: str) -> bool:
        """Post one event, and say whether it was accepted."""
        ...

    def mark_of(self, body: Mapping[str, object]) -> str:
        """The mark in what the receiver got."""
        ...

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far, without that of its storage (Azurite, Redis)."""
        ...


class HubSender:
    """The hub: a connection posted as Dataverse does, judged, stored, dispatched, signed and delivered."""

    name = "hub"
    settings = "development host, one process, 192 threads; Azurite with its data on disk; default settings"

    def __init__(self, site: Site, client: Client) -> None:
        self.site = site
        self.client = client
        self._sessions = Sessions()

    def post(self, mark: str) -> bool:
        """A connection with this id."""
        return self.post_to(self.site.url, mark) == CREATED

    def post_to(self, url: str, mark: str, *, timeout: float = 30) -> int:
        """Post a connection with this id to one instance: the status, or 0 where no answer came."""
        body = json.dumps({**SAMPLE, "PrimaryEntityId": mark})
        address = f"{url}/api/webhooks/incoming/dynamicscrm/connection?code={quote(self.site.code)}"
        headers = {"Content-Type": "application/json"}
        try:
            return self._sessions.own.post(address, body, headers=headers, timeout=timeout).status_code
        except RequestException:
            return 0

    def cpu_seconds(self) -> float:
        """Of its hosts, which are the workers too."""
        return self.site.cpu_seconds()

    def listed(self) -> set[str]:
        """The connections that the Events API shows."""
        return {str(event["entityId"]) for event in self.client.events()}

    def mark_of(self, body: Mapping[str, object]) -> str:
        """The connection's id."""
        values = body["FieldValues"]
        return str(values["connectionid"]) if isinstance(values, dict) else ""


class DjangoSender:
    """django-webhook as its documentation sets it up, behind one view that creates a record."""

    name = "django-webhook"

    def __init__(self, url: str, settings: str, groups: Sequence[int]) -> None:
        self._url = url
        self._groups = groups
        self._sessions = Sessions()
        self.settings = settings

    def post(self, mark: str) -> bool:
        """A record with this mark."""
        return self._sessions.own.post(f"{self._url}/records/{mark}", timeout=30).status_code == CREATED

    def mark_of(self, body: Mapping[str, object]) -> str:
        """The record's mark."""
        record = body["object"]
        return str(record["mark"]) if isinstance(record, dict) else ""

    def cpu_seconds(self) -> float:
        """Of gunicorn and Celery."""
        return cpu_seconds(self._groups)


@contextmanager
def hub_sender(folder: Path, *urls: str, instances: int = 1) -> Iterator[HubSender]:
    """A hub of its own, which delivers to these URLs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Site(folder, HUB_SETTINGS, instances=instances) as site:
        client = Client(site)
        register_all(client, urls)
        yield HubSender(site, client)


def register_all(client: Client, urls: Sequence[str]) -> None:
    """A webhook for each of these URLs."""
    with ThreadPoolExecutor(_REGISTER_THREADS) as pool:
        list(pool.map(lambda url: client.register("bench", url), urls))


@contextmanager
def django_sender(folder: Path, *urls: str) -> Iterator[DjangoSender]:
    """Redis, gunicorn and Celery of their own, which deliver to these URLs; raises NotAvailable."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    python, redis = python_environment(), debian_packages(REDIS_PACKAGES)
    redis_port, web_port = free_port(), free_port()
    environment = {
        **os.environ,
        "BENCH_DATABASE": str(folder / "records.sqlite3"),
        "BENCH_BROKER": f"redis://127.0.0.1:{redis_port}/0",
        "PYTHONWARNINGS": "ignore",
    }
    server = [str(redis / "usr" / "bin" / "redis-server"), "--bind", "127.0.0.1", "--port", str(redis_port)]
    worker = [str(python), "-m", "celery", "-A", "bench.django_site.worker", "worker", "--loglevel", "WARNING"]
    web = [str(python), "-m", "gunicorn", "--threads", "8", "--bind", f"127.0.0.1:{web_port}"]
    version = version_of([server[0], "--version"], libraries_of(redis)).split(" sha")[0]
    settings = (
        f"{version}, without snapshots; Celery with its default of one process a core; gunicorn, one process, "
        "8 threads; SQLite with a write-ahead log; versions of Python packages: requirements-bench.txt"
    )
    groups: list[int] = []
    with ExitStack() as stack, (folder / "log").open("wb") as log:
        for command, port, env in (
            ([*server, "--save", "", "--dir", str(folder)], redis_port, libraries_of(redis)),
            ([*web, "--no-control-socket", "bench.django_site.worker:web"], web_port, environment),
            (worker, None, environment),
        ):
            if port == web_port:
                prepare = [str(python), "-m", "bench.django_site.register", *urls]
                subprocess.run(prepare, cwd=ROOT, env=environment, check=True, stderr=log)  # noqa: S603
            group = stack.enter_context(running(command, env, log.fileno()))
            groups += [group] if env is environment else []
            if port is not None:
                wait_for(port)
        yield DjangoSender(f"http://127.0.0.1:{web_port}", settings, groups)
