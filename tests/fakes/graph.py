"""Microsoft Graph, as far as the hub needs it: lists, groups, checkMemberGroups, mail (docs/sources/dynamics.md 5)."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode
from uuid import UUID, uuid4

from tests.fakes.server import FakeServer, Received, Reply, json_reply

_ITEMS = re.compile(r"/v1\.0/sites/([^/]+)/lists/([^/]+)/items")
_CHECK = re.compile(r"/v1\.0/users/([^/]+)/checkMemberGroups")
_MAIL = re.compile(r"/v1\.0/users/([^/]+)/sendMail")
_NAME_IS = re.compile(r"displayName eq '((?:[^']|'')*)'")
_FIELDS = "fields($select=AdGroupName,Role)"
_MAX_GROUPS = 20
_RECIPIENTS = ("toRecipients", "ccRecipients", "bccRecipients")

type Row = dict[str, object]


class FakeGraph(FakeServer):
    """A tenant's groups and lists. It needs a token for itself; pages hold `page_size` rows."""

    def __init__(self) -> None:
        super().__init__()
        self.page_size = 100
        self.lists: dict[tuple[str, str], list[Row]] = {}
        self.group_names: dict[str, str] = {}
        self.members: dict[str, set[str]] = {}
        self.users: dict[str, str] = {}
        self.confirmed: Counter[tuple[str, str]] = Counter()
        """How often Graph said that this user is in this group."""
        self.mails: list[Row] = []
        """What was sent, each with the mailbox `from`."""
        self.no_addresses: set[str] = set()
        """What Graph takes for no address: a mail to one of these goes to nobody."""
        self.failing_addresses: set[str] = set()
        """A mail to one of these alone is answered 500."""

    @property
    def token(self) -> str:
        """The token that the managed identity's fake gives for this Graph."""
        return f"token for {self.url}"

    def reset(self) -> None:
        """Make it as it was in the beginning: an empty tenant."""
        super().reset()
        self.page_size = 100
        for content in (self.lists, self.group_names, self.members, self.users, self.confirmed, self.mails):
            content.clear()
        self.no_addresses.clear()
        self.failing_addresses.clear()

    def add_user(self, oid: str, upn: str = "") -> str:
        """Let a user be known."""
        self.users[oid] = upn or f"{oid}@contoso.example"
        return oid

    def add_group(self, name: str, members: Iterable[str] = (), id_: str | None = None) -> str:
        """Let a group be known; its members are ids of users and of other groups."""
        group = id_ or str(uuid4())
        self.group_names[group] = name
        self.members[group] = set(members)
        return group

    def add_role(self, site: str, list_: str, role: object, group_name: object) -> None:
        """Add a row to a role list."""
        self.lists.setdefault((site, list_), []).append({"Role": role, "AdGroupName": group_name})

    def is_in(self, member: str, group: str) -> bool:
        """Whether this id is in the group, directly or through other groups."""
        seen, waiting = set[str](), [group]
        while waiting:
            here = waiting.pop()
            seen.add(here)
            waiting.extend(id_ for id_ in self.members.get(here, ()) if id_ in self.members and id_ not in seen)
        return any(member in self.members.get(id_, ()) for id_ in seen)

    def reply(self, request: Received) -> Reply:
        """What Graph answers."""
        if request.bearer != self.token:
            return _error(401, "InvalidAuthenticationToken")
        if request.method == "POST" and (found := _CHECK.fullmatch(request.path)):
            return self._check(found.group(1), request.body)
        if request.method == "POST" and (found := _MAIL.fullmatch(request.path)):
            return self._send(found.group(1), request.body)
        if request.method == "GET" and request.path == "/v1.0/groups":
            return self._groups(request)
        if request.method == "GET" and (found := _ITEMS.fullmatch(request.path)):
            return self._items(found.group(1), found.group(2), request)
        return _error(404, "ResourceNotFound")

    def _items(self, site: str, list_: str, request: Received) -> Reply:
        rows = self.lists.get((site, list_))
        if rows is None:
            return _error(404, "itemNotFound")
        expands = request.query.get("$expand") == _FIELDS
        return self._page(
            [{"id": str(n), **({"fields": row} if expands else {})} for n, row in enumerate(rows)], request
        )

    def _groups(self, request: Received) -> Reply:
        found = _NAME_IS.fullmatch(request.query.get("$filter", ""))
        if found is None:
            return _error(400, "Request_UnsupportedQuery")
        wanted = found.group(1).replace("''", "'").casefold()
        hits = [(id_, name) for id_, name in self.group_names.items() if name.casefold() == wanted]
        return self._page([{"id": id_, "displayName": name} for id_, name in hits], request)

    def _page(self, rows: Sequence[Row], request: Received) -> Reply:
        start = int(request.query.get("$skiptoken", "0"))
        end = start + self.page_size
        page: Row = {"@odata.context": "...", "value": rows[start:end]}
        if end < len(rows):
            page["@odata.nextLink"] = f"{self.url}{request.path}?{urlencode({**request.query, '$skiptoken': end})}"
        return json_reply(page)

    def _send(self, user: str, body: bytes) -> Reply:
        if user.lower() not in {name.lower() for known in self.users.items() for name in known}:
            return _error(404, "ErrorInvalidUser")
        message = json.loads(body).get("message")
        found = [one for kind in _RECIPIENTS for one in message.get(kind, [])] if isinstance(message, dict) else []
        if not found or any(one["emailAddress"]["address"] in self.no_addresses for one in found):
            return _error(400, "ErrorInvalidRecipients")
        if {one["emailAddress"]["address"] for one in found} <= self.failing_addresses:
            return _error(500, "ErrorInternalServerError")
        self.mails.append({"from": user, **message})
        return Reply(202)

    def _check(self, user: str, body: bytes) -> Reply:
        groups = json.loads(body).get("groupIds")
        if not isinstance(groups, list) or not 1 <= len(groups) <= _MAX_GROUPS or not all(map(_is_guid, groups)):
            return _error(400, "Request_BadRequest")
        by_upn = {upn.lower(): oid for oid, upn in self.users.items()}
        oid = user if user in self.users else by_upn.get(user.lower())
        if oid is None:
            return _error(404, "Request_ResourceNotFound")
        confirmed = [group for group in groups if self.is_in(oid, group)]
        self.confirmed.update((oid, group) for group in confirmed)
        return json_reply({"value": confirmed})


def _is_guid(text: object) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


def _error(status: int, code: str) -> Reply:
    inner = {"date": "2026-03-14T09:26:53", "request-id": str(uuid4()), "client-request-id": str(uuid4())}
    return json_reply({"error": {"code": code, "message": code, "innerError": inner}}, status)
