"""Associates: how SuperOffice shows who did something. Here they are made from the hub's callers.

Source: docs/sources/superoffice.md 1.2.
"""

import hashlib
from dataclasses import dataclass

_INT32_BITS = 0x7FFFFFFF


@dataclass(frozen=True)
class Associate:
    """A person or application in SuperOffice's form: a number that stays the same, and one name for all its names."""

    id: int
    name: str
    is_application: bool

    def render(self) -> dict[str, object]:
        """The entity, in the vendor's order; what the hub does not know about a user is 0 or null."""
        return {
            "AssociateId": self.id,
            "Name": self.name,
            "PersonId": 0,
            "Rank": 0,
            "Tooltip": None,
            "Type": "SystemAssociate" if self.is_application else "InternalAssociate",
            "GroupIdx": 0,
            "FullName": self.name,
            "FormalName": self.name,
            "Deleted": False,
            "EjUserId": 0,
            "UserName": self.name,
            "ExtraFields": None,
            "CustomFields": None,
            "TableRight": None,
            "FieldProperties": None,
        }


def associate_of(user_id: str, is_application: bool) -> Associate:
    """The associate that stands for a caller, by the id that the role directory knows.

    AssociateId is a hash of the id, from 1 to 2^31-1: the same in every process and every call. Two users may share
    one, so it does not identify a user.
    """
    digest = hashlib.sha256(user_id.encode("utf-8", "surrogatepass")).digest()
    return Associate(int.from_bytes(digest[:4]) & _INT32_BITS or 1, user_id, is_application)
