"""The role directory of Microsoft 365: docs/sources/dynamics.md 3.2, 3.3 and 5.

A SharePoint list maps each role to Entra groups by their display names; Graph says whether the user is in one of them,
directly or through other groups. Dataverse knows a user of Dynamics by their systemuser id, and their row there has the
object id by which Entra knows them. An unclear answer is DirectoryDown: never a yes, and never a no.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import requests

from shared.cache import Clock, single_flight_cache
from shared.case import simple_lower
from shared.errors import DirectoryDown
from shared.odata import text_literal
from shared.roles.directory import Tell
from shared.roles.user import ARCGIS_PREFIX, User, UserKind
from shared.web_api import WebApi

GRAPH_PATH = "/v1.0"
_GROUPS_PER_CHECK = 20
_REMEMBERED_USERS = 10_000
_REMEMBERED_GROUPS = 100
# What Entra accepts in a user principal name (docs/sources/dynamics.md 3.3 has a guest's).
_UPN = re.compile(r"[A-Za-z0-9'._!#^~-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class SystemUser:
    """A row of Dataverse's table `systemuser`: the Entra object id, None for SYSTEM and the like, and the sign-in name.

    Source: docs/sources/dynamics.md 3.3.
    """

    entra_id: str | None
    sign_in_name: str | None
    is_disabled: bool


class UserReader(Protocol):
    """Reads rows of table `systemuser`."""

    def read_user(self, system_user_id: str) -> SystemUser | None:
        """The user, None if Dataverse has no such user; raises DataverseDown or Throttled."""
        ...


class RoleList:
    """The SharePoint list that says which groups have which role."""

    def __init__(self, graph: WebApi, site_id: str, list_name: str) -> None:
        self._graph = graph
        self._site_id = site_id
        self._list_name = list_name

    def group_names(self, role: str) -> tuple[str, ...]:
        """The names of the groups that have this role, spelled in any case; raises DirectoryDown if there are none."""
        if not self._site_id:
            raise DirectoryDown("SHAREPOINT_SITE_ID is not set")
        site, name = quote(self._site_id, safe=","), quote(self._list_name, safe="")
        path = f"{GRAPH_PATH}/sites/{site}/lists/{name}/items?$expand=fields($select=AdGroupName,Role)"
        # SharePoint filters by indexed columns only, so the whole list is read.
        names = {group for row in self._graph.pages(path) for group in _groups_of(row.get("fields"), role)}
        if not names:
            raise DirectoryDown(f"the list {self._list_name} names no group for the role {role}")
        return tuple(sorted(names))


class GraphDirectory:
    """Asks Dataverse who the user is, and Graph whether they are in a group that has the role.

    A role that lacks its row in the list, or its group, does not affect the other roles.
    """

    def __init__(
        self,
        users: UserReader,
        graph: WebApi,
        roles: RoleList,
        *,
        seconds: int,
        clock: Clock = time.monotonic,
    ) -> None:
        self._graph = graph
        self._user = single_flight_cache(users.read_user, seconds=seconds, most=_REMEMBERED_USERS, clock=clock)
        self._group_names = single_flight_cache(
            roles.group_names, seconds=seconds, most=_REMEMBERED_GROUPS, clock=clock
        )
        self._group_id = single_flight_cache(self._find_group, seconds=seconds, most=_REMEMBERED_GROUPS, clock=clock)

    def has_role(self, user: User, role: str) -> bool:
        """Whether Graph says so; raises DirectoryDown, DataverseDown or Throttled."""
        return self.explain(user, role, lambda _: None)

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """The same, telling each step."""
        entra_id = self._entra_id(user, tell)
        if entra_id is None:
            return False
        groups = {self._group_id(name): name for name in self._group_names(role)}
        for group, name in groups.items():
            tell(f"role list: {role} is the group {name}, in Entra {group}")
        return self._is_in_one(entra_id, groups, tell)

    def _entra_id(self, user: User, tell: Tell) -> str | None:
        if user.kind is UserKind.ARCGIS:
            name = user.id.removeprefix(ARCGIS_PREFIX)
            is_upn = _UPN.fullmatch(name) is not None
            tell(f"ArcGIS: the user name {name} {'is read as a UPN of Entra' if is_upn else 'is not a UPN of Entra'}")
            return name if is_upn else None
        if user.kind is not UserKind.SYSTEM_USER:
            tell(f"Entra: the user is {user.id}")
            return user.id
        if user.entra_id is not None:
            tell(f"the request says: the systemuser {user.id} is in Entra {user.entra_id}")
            return user.entra_id
        found = self._user(user.id)
        refusal = _why_nobody(found)
        if found is None or refusal is not None:
            tell(f"Dataverse: the systemuser {user.id} {refusal}")
            return None
        tell(f"Dataverse: the systemuser {user.id} is {found.sign_in_name}, in Entra {found.entra_id}")
        return found.entra_id

    def _find_group(self, name: str) -> str:
        literal = quote(text_literal(name), safe="'")
        path = f"{GRAPH_PATH}/groups?$filter=displayName%20eq%20{literal}&$select=id,displayName"
        found = list(self._graph.pages(path))
        ids = [row.get("id") for row in found if _normal(row.get("displayName")) == _normal(name)]
        if len(found) != 1 or len(ids) != 1 or not isinstance(ids[0], str):
            # Display names are not unique in Entra: picking one of two could open the hub to strangers.
            raise DirectoryDown(f"Entra has {len(found)} groups with the name {name}; there must be exactly one")
        return ids[0]

    def _is_in_one(self, entra_id: str, groups: dict[str, str], tell: Tell) -> bool:
        for chunk in _chunks(list(groups)):
            confirmed = self._memberships(entra_id, chunk)
            if confirmed is None:
                tell("Entra: nobody has this id")
                return False
            for group in confirmed:
                tell(f"Entra: the user is in the group {groups[group]}")
                return True
        tell("Entra: the user is in none of these groups")
        return False

    def _memberships(self, entra_id: str, group_ids: list[str]) -> list[str] | None:
        """Those of the groups that the user is in; None if Entra does not know them."""
        path = f"{GRAPH_PATH}/users/{quote(entra_id, safe='')}/checkMemberGroups"
        answer = self._graph.post(path, {"groupIds": group_ids})
        if answer.status == requests.codes.not_found and answer.error_code is not None:
            return None
        confirmed = answer.content.get("value")
        if answer.status != requests.codes.ok or not isinstance(confirmed, list):
            raise DirectoryDown(f"Graph answered {answer} to a check of groups")
        return [group for group in group_ids if group in confirmed]


def _why_nobody(user: SystemUser | None) -> str | None:
    if user is None:
        return "is not known"
    if user.is_disabled:
        return "is disabled"
    return None if user.entra_id else "has no Entra id, as SYSTEM has none"


def _groups_of(fields: object, role: str) -> Iterator[str]:
    if isinstance(fields, dict) and _normal(fields.get("Role")) == _normal(role):
        name = fields.get("AdGroupName")
        if isinstance(name, str) and name.strip():
            yield name.strip()


def _normal(text: object) -> str | None:
    # Not folded: otherwise a group whose name only looks like the one in the list would have the role.
    return simple_lower(text.strip()) if isinstance(text, str) else None


def _chunks(group_ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(group_ids), _GROUPS_PER_CHECK):
        yield group_ids[start : start + _GROUPS_PER_CHECK]
