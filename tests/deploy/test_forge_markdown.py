"""Lists as a forge reads them."""

import pytest

from deploy.forge_markdown import for_python_markdown


@pytest.mark.parametrize(
    ("forge", "here"),
    [
        ("Three:\n- a\n- b\n", "Three:\n\n- a\n- b\n"),
        ("- a\n  on\n- b\n", "- a\n    on\n- b\n"),
        ("- a\nlazy\n- b\n", "- a\nlazy\n- b\n"),
        ("1. a\n\n       code\n2. b\n3. c\n", "1. a\n\n        code\n\n2. b\n3. c\n"),
        ("1. a\n   - in\n", "1. a\n    - in\n"),
        ("- a\n\nText\n- b\n", "- a\n\nText\n\n- b\n"),
        ("- a\n\n    code\n", "- a\n\n      code\n"),
        ("- a\n\n```\n- x\n```\nText\n- b\n", "- a\n\n```\n- x\n```\nText\n\n- b\n"),
        ("```\nx\n- y\n```\n", "```\nx\n- y\n```\n"),
        ("    x\n- y\n", "    x\n\n- y\n"),
        ("[![Go](https://x.example/go.svg)](https://y.example)\n", "[Go](https://y.example)\n"),
        ("![Go](go.svg)\n", "![Go](go.svg)\n"),
        ("| a |\n|---|\n| - b |\n", "| a |\n|---|\n| - b |\n"),
    ],
)
def test_lists_and_pictures_are_written_so_that_they_are_read_the_same(forge: str, here: str) -> None:
    assert for_python_markdown(forge) == here
