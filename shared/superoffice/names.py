"""Members of objects by their names in any case, found without a look at every name again and again. Pure.

A patch may ask a thousand times for a member of an object with thousands of them. So the names of an object are read
once, and whatever changes its members while the patch is applied does so here.
"""

type Members = dict[str, object]


class Names:
    """The names in the objects of one document, for as long as one patch is applied to it."""

    def __init__(self) -> None:
        # By identity; the object goes along, so that no other one can take its identity meanwhile.
        self._known: dict[int, tuple[Members, dict[str, dict[str, None]]]] = {}

    def find(self, node: Members, name: str) -> str | None:
        """The name in an object that is this one: as it stands there or, failing that, the first one in any case."""
        if name in node:
            return name
        return next(iter(self._spellings(node).get(name.lower(), ())), None)

    def put(self, node: Members, name: str, value: object) -> None:
        """Set the member with this name in any case, or a new one."""
        known = self.find(node, name)
        if known is None:
            self._spellings(node).setdefault(name.lower(), {})[name] = None
        node[name if known is None else known] = value

    def drop(self, node: Members, name: str) -> None:
        """Remove the member with this name in any case, if there is one."""
        known = self.find(node, name)
        if known is not None:
            del self._spellings(node)[known.lower()][known]
            del node[known]

    def _spellings(self, node: Members) -> dict[str, dict[str, None]]:
        """For each name in lower case those that stand in the object, in its order."""
        if id(node) not in self._known:
            spellings: dict[str, dict[str, None]] = {}
            for name in node:
                spellings.setdefault(name.lower(), {})[name] = None
            self._known[id(node)] = node, spellings
        return self._known[id(node)][1]
