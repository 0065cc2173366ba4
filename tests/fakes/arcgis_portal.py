"""An ArcGIS portal, as far as webhook connections need it: users by token, and items (docs/sources/arcgis.md 5).

Errors come with status 200 too.
"""

from dataclasses import dataclass, field
from uuid import uuid4

from tests.fakes.server import FakeServer, Received, Reply, json_reply

ORG = "quayOrg"
_INVALID = {"code": 498, "message": "Invalid token.", "details": []}
_REQUIRED = {"code": 499, "message": "Token Required", "messageCode": "GWM_0003", "details": ["Token Required"]}
_FORBIDDEN = {
    "code": 403,
    "messageCode": "GWM_0003",
    "message": "You do not have permissions to access this resource or perform this operation.",
    "details": [],
}
_NO_ITEM = {
    "code": 400,
    "messageCode": "CONT_0001",
    "message": "Item does not exist or is inaccessible.",
    "details": [],
}


@dataclass
class Member:
    """A user of an organization; `referer` is what their token is bound to."""

    username: str
    org_id: str = ORG
    role: str = "org_publisher"
    role_id: str = ""
    referer: str = ""


@dataclass
class Item:
    """An item, and who may see it beside its owner and administrators; `control` is for members of a shared group.

    Its address becomes the next of `urls_to_come` whenever somebody looks at it.
    """

    owner: str
    url: str | None
    type: str = "Feature Service"
    readers: set[str] = field(default_factory=set)
    editors: set[str] = field(default_factory=set)
    org_id: str = ORG
    urls_to_come: list[str] = field(default_factory=list)


class FakeArcGisPortal(FakeServer):
    """Members by their tokens, items by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, Member] = {}
        self.items: dict[str, Item] = {}

    def reset(self) -> None:
        """Make it as it was in the beginning: without members and items."""
        super().reset()
        self.members.clear()
        self.items.clear()

    def sign_in(self, username: str, **about: str) -> str:
        """A new token of this user."""
        token = f"{uuid4().hex}{uuid4().hex}.."
        self.members[token] = Member(username, **about)
        return token

    def add_item(self, owner: str, url: str | None) -> str:
        """A new item's id."""
        id_ = uuid4().hex
        self.items[id_] = Item(owner, url)
        return id_

    def member_of(self, request: Received) -> Member | dict[str, object]:
        """The member whose token the request has, or the error that it is answered with."""
        token = token_of(request)
        if not token:
            return dict(_REQUIRED)
        member = self.members.get(token)
        if member is None or (member.referer and request.headers.get("referer") != member.referer):
            return dict(_INVALID)
        return member

    def reply(self, request: Received) -> Reply:
        """What the portal answers."""
        path = request.path.removeprefix("/sharing/rest")
        if path == request.path or request.query.get("f") != "json":
            return Reply(404, b"<html>404</html>", {"Content-Type": "text/html"})
        member = self.member_of(request)
        if isinstance(member, dict):
            return json_reply({"error": member})
        if path == "/community/self":
            shown = {"username": member.username, "orgId": member.org_id, "role": member.role, "privileges": []}
            return json_reply({**shown, **({"roleId": member.role_id} if member.role_id else {})})
        if path == "/portals/self":
            return json_reply({"id": member.org_id, "isPortal": False, "user": {"username": member.username}})
        if path.startswith("/content/items/"):
            return self._item(path.rpartition("/")[2], member)
        return json_reply({"error": _FORBIDDEN})

    def _item(self, id_: str, member: Member) -> Reply:
        item = self.items.get(id_)
        is_admin = member.role == "org_admin"
        if item is None or not (is_admin or member.username in {item.owner, *item.readers, *item.editors}):
            return json_reply({"error": _NO_ITEM})
        if item.urls_to_come:
            item.url = item.urls_to_come.pop(0)
        is_own_admin = is_admin and member.org_id == item.org_id
        control = "admin" if is_own_admin or member.username == item.owner else "view"
        control = "update" if member.username in item.editors else control
        shown = {"id": id_, "owner": item.owner, "type": item.type, "access": "private", "itemControl": control}
        shown["orgId"] = item.org_id
        return json_reply({**shown, **({"url": item.url} if item.url else {})})


def token_of(request: Received, form_token: str = "") -> str:
    """The token in a request, in any of the places for it."""
    esri = request.headers.get("x-esri-authorization", "")
    return esri.removeprefix("Bearer ") or request.bearer or request.query.get("token") or form_token
