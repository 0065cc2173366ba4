"""The code that docs/delivery.md gives to receivers, run against requests as they are really sent."""

import base64
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography.exceptions import InvalidSignature

from shared.webhooks.signing import public_key_of
from tests.fakes.receiver import Receiver
from tests.support.delivering import attempt, delivering_hub, register

PAGE = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text(encoding="utf-8")


def snippet(language: str) -> str:
    """The indented block that follows the line with the name of the language."""
    lines = PAGE.partition(f"\n{language}:\n")[2].splitlines()
    after = next((number for number, line in enumerate(lines) if line and not line.startswith("    ")), len(lines))
    code = dedent("\n".join(lines[:after])).strip()
    assert code, language
    return code


def test_the_code_for_public_keys_tells_genuine_from_not(connection_string: str, receiver: Receiver) -> None:
    private = f"whsk_{base64.b64encode(bytes(32)).decode()}"
    hub = delivering_hub(connection_string)
    attempt(hub, register(hub, receiver.url, Name="grüße", Secret=private))
    call, names = receiver.journal[-1], dict[str, Callable[[str, dict[str, str], bytes], None]]()
    exec(snippet("Python, with the public key"), names)  # noqa: S102 - our own documentation
    names["verify"](public_key_of(private) or "", dict(call.headers), call.body)
    with pytest.raises(InvalidSignature):
        names["verify"](public_key_of(private) or "", dict(call.headers), call.body + b" ")
