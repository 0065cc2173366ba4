import json

from hypothesis import given

from shared.text_length import utf16_length
from shared.webhooks.fields import is_deeper_than
from tests.api.superoffice.samples import ANY_JSON, TEXTS


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(ANY_JSON)
def test_a_value_is_deeper_than_all_levels_below_its_own(value: object) -> None:
    levels = depth(value)
    assert not is_deeper_than(value, levels)
    assert not levels or is_deeper_than(value, levels - 1)


@given(TEXTS)
def test_a_length_is_counted_as_javascript_and_dot_net_count_it(text: str) -> None:
    astral = sum(ord(character) > 0xFFFF for character in text)
    assert utf16_length(text) == len(text) + astral == len(json.loads(json.dumps(text))) + astral
