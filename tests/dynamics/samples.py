"""Two requests in the shape in which Dynamics sends them, and how a test makes a changed copy of one."""

import json
import re

from hypothesis import strategies as st

from tests.support.paths import DATA, ROOT

SAMPLE_CONNECTION = (ROOT / "ConnectionWebhook" / "sample.dat").read_bytes()
SAMPLE_OPPORTUNITY = (DATA / "created_opportunity.json").read_bytes()

WITHOUT_TYPES = re.sub(rb'"__type": "[^"]*",', b"", SAMPLE_CONNECTION)

ANY_JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("key"), inner, max_size=3),
    max_leaves=5,
)


class _Removed:
    # The name of a parametrized test must be the same in every process.
    def __repr__(self) -> str:
        return "removed"


REMOVED = _Removed()
"""Given as the new value: the key is taken out."""

type Steps = tuple[str | int, ...]

TARGET: Steps = ("InputParameters", 0, "value")
ATTRIBUTES: Steps = (*TARGET, "Attributes")


def sample_with(value: object, *path: str | int, body: bytes = SAMPLE_CONNECTION) -> bytes:
    """A copy of the body in which the node at `path` is `value`."""
    document = json.loads(body)
    node = document
    for step in path[:-1]:
        node = node[step]
    if value is REMOVED:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return json.dumps(document).encode()


def attribute(column: str) -> Steps:
    """Where the value of this column stands in the connection sample."""
    pairs = json.loads(SAMPLE_CONNECTION)["InputParameters"][0]["value"]["Attributes"]
    return (*ATTRIBUTES, [pair["key"] for pair in pairs].index(column), "value")


def paths(body: bytes = SAMPLE_CONNECTION) -> list[Steps]:
    """The path of every node below the root."""
    return _paths_below(json.loads(body), ())


def _paths_below(node: object, here: Steps) -> list[Steps]:
    steps: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        steps = list(node.items())
    elif isinstance(node, list):
        steps = list(enumerate(node))
    below = [path for step, child in steps for path in _paths_below(child, (*here, step))]
    return [*([here] if here else []), *below]
