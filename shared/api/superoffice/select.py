"""The parameter $select: members that are not named become null (docs/sources/superoffice.md 7)."""

from shared.api.superoffice.members import ID_MEMBER, LINKS_MEMBER

type Selection = dict[str, Selection]

_STAY = frozenset({ID_MEMBER.lower(), LINKS_MEMBER.lower()})
_ALL = "*"


def apply_select(entity: dict[str, object], select: str | None) -> dict[str, object]:
    """The entity with only the members that `select` names: `name,registeredAssociate/fullName`, in any case.

    All others become null, in a list those of each object. WebhookId and _Links stay, so that the entity can be
    identified. Unknown names are ignored. Without a name, or with `*`, everything stays.
    """
    selection = _parse(select or "")
    if not selection or _ALL in selection:
        return entity
    return {name: value if name.lower() in _STAY else _member(name, value, selection) for name, value in entity.items()}


def _parse(select: str) -> Selection:
    root: Selection = {}
    for path in select.split(","):
        names = [name for part in path.split("/") if (name := part.strip().lower())]
        if names:
            _add(root, names)
    return root


def _add(root: Selection, names: list[str]) -> None:
    node = root
    for name in names:
        node = node.setdefault(name, {})
    # Beside longer paths it wins: `a,a/b` selects all of a.
    node[_ALL] = {}


def _member(name: str, value: object, selection: Selection) -> object:
    inner = selection.get(name.lower())
    if inner is None:
        return None
    return value if _ALL in inner else _below(value, inner)


def _below(value: object, selection: Selection) -> object:
    if isinstance(value, list):
        return [_below(item, selection) for item in value if isinstance(item, dict)] or None
    if isinstance(value, dict):
        return {name: _member(name, inner, selection) for name, inner in value.items()}
    return None
