"""A company in the cloud: Entra, Graph, Dataverse, and the app's own identity in it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

from tests.fakes.dataverse import FakeDataverse
from tests.fakes.entra import CLIENT, TENANT, FakeEntra
from tests.fakes.graph import FakeGraph
from tests.fakes.identity import FakeIdentityEndpoint
from tests.fakes.server import FakeServer

ROLE = "Relationship Manager"
SITE = "contoso.sharepoint.com,e8b35b8f-84d4-5d4a-b15e-27bb7211d73b,a34c707f-6b53-50f2-82a0-908f16a5485e"
LIST = "UserRoles"
GROUP_NAME = "Relationship Managers"
GROUP = "11f1f3a2-6a3c-4d7e-8f0b-5d1c2e3f4a5b"


@dataclass(frozen=True)
class Person:
    """One user by their three ids."""

    system_user: str
    oid: str
    upn: str


@dataclass(frozen=True)
class Tenant:
    """The four neighbours, and who is in them."""

    entra: FakeEntra
    graph: FakeGraph
    dataverse: FakeDataverse
    identity: FakeIdentityEndpoint

    @property
    def neighbours(self) -> tuple[FakeServer, ...]:
        """All of them."""
        return (self.entra, self.graph, self.dataverse, self.identity)

    @property
    def settings(self) -> dict[str, str]:
        """The app settings with which the app lives in this tenant."""
        return {
            "ROLE_DIRECTORY": "graph",
            "SHAREPOINT_SITE_ID": SITE,
            "GRAPH_URL": self.graph.url,
            "DATAVERSE_URL": self.dataverse.url,
            "ENTRA_AUTHORITY": self.entra.url,
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_CLIENT_ID": CLIENT,
            **self.identity.environment,
        }

    def reset(self) -> None:
        """Leave only the group of the Relationship Managers; every neighbour is well and has an empty journal."""
        for neighbour in self.neighbours:
            neighbour.reset()
        self.identity.seconds = FakeIdentityEndpoint.seconds
        self.graph.add_role(SITE, LIST, ROLE, GROUP_NAME)
        self.graph.add_group(GROUP_NAME, id_=GROUP)

    def add_person(self, *, is_member: bool = True, is_disabled: bool = False, has_oid: bool = True) -> Person:
        """A new user; members are in the group of the Relationship Managers."""
        person = Person(str(uuid4()), str(uuid4()), f"{uuid4().hex}@contoso.example")
        self.graph.add_user(person.oid, person.upn)
        self.dataverse.add_user(
            person.system_user, person.oid if has_oid else None, person.upn, is_disabled=is_disabled
        )
        if is_member:
            self.graph.members[GROUP].add(person.oid)
        return person

    @property
    def calls(self) -> list[str]:
        """What was asked of all of them, in short: `GET /v1.0/groups`."""
        return [f"{call.method} {call.path}" for neighbour in self.neighbours for call in neighbour.journal]


@contextmanager
def running_tenant() -> Iterator[Tenant]:
    """All four, until the end of the block."""
    with ExitStack() as stack:
        entra, graph = stack.enter_context(FakeEntra()), stack.enter_context(FakeGraph())
        dataverse, identity = stack.enter_context(FakeDataverse()), stack.enter_context(FakeIdentityEndpoint())
        tenant = Tenant(entra, graph, dataverse, identity)
        tenant.reset()
        yield tenant
