"""The graph directory over a tenant of fakes, and a clock that only a test moves."""

import time
from dataclasses import dataclass

from shared.cache import Clock
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown, DirectoryDown
from shared.roles.directory import CachedDirectory
from shared.roles.graph import GraphDirectory, RoleList
from shared.web_api import WebApi
from tests.fakes.server import Reply
from tests.support.tenant import LIST, SITE, Tenant

NO_ANSWERS = {
    "500": Reply(500),
    "html": Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}),
    "a proxy's 404": Reply(404, b"<html>Not found</html>", {"Content-Type": "text/html"}),
    "truncated": Reply(200, b'{"value": [{"id": "1"'),
    "cut": Reply(200, b'{"value": []}', cut=True),
    "an empty list": Reply(200, b"[]", {"Content-Type": "application/json"}),
    "an empty object": Reply(200, b"{}", {"Content-Type": "application/json"}),
    "nothing": Reply(200),
    "401": Reply(401),
    "403": Reply(403),
    "400": Reply(400),
    "302": Reply(302, headers={"Location": "/elsewhere"}),
    "too busy for long": Reply(429, headers={"Retry-After": "300"}),
}
"""What no neighbour means as a yes or a no."""


@dataclass
class TestClock:
    """Seconds that grow when a test says so."""

    __test__ = False
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def graph_directory(tenant: Tenant, *, seconds: int = 300, clock: Clock = time.monotonic) -> CachedDirectory:
    """The directory as the hub has it, with tokens of which nobody has to be asked."""
    graph = WebApi("Graph", tenant.graph.url, lambda: tenant.graph.token, DirectoryDown)
    users = DataverseClient(WebApi("Dataverse", tenant.dataverse.url, lambda: "token", DataverseDown))
    directory = GraphDirectory(users, graph, RoleList(graph, SITE, LIST), seconds=seconds, clock=clock)
    return CachedDirectory(directory, seconds=seconds, clock=clock)
