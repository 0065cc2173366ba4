import pytest

from shared.api.parameters import parse_flag
from shared.errors import BadRequest


@pytest.mark.parametrize(
    ("query", "flag"),
    [({}, False), ({"dryRun": "true"}, True), ({"dryRun": "True"}, True), ({"dryRun": "false"}, False)],
)
def test_a_flag_is_true_or_false(query: dict[str, str], flag: bool) -> None:
    assert parse_flag(query, "dryRun") is flag


@pytest.mark.parametrize("text", ["", "1", "maybe"])
def test_any_other_flag_names_its_parameter(text: str) -> None:
    # Taken for false, a slip in `dryRun` would replay what was only to be counted.
    with pytest.raises(BadRequest, match=r"^dryRun must be true or false$"):
        parse_flag({"dryRun": text}, "dryRun")
