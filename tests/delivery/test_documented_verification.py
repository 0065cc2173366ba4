"""The code that docs/delivery.md gives to receivers, run against requests as they are really sent."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography.exceptions import InvalidSignature

from shared.webhooks.signing import public_key_of
from tests.fakes.receiver import Receiver
from tests.fakes.server import Received
from tests.support.delivering import attempt, delivering_hub, register

PAGE = (Path(__file__).parents[2] / "docs" / "delivery.md").read_text(encoding="utf-8")
SECRET = "sécret of the receiver"

type Verify = Callable[[str, bytes, str], bool]


def snippet(language: str) -> str:
    """The indented block that follows the line with the name of the language."""
    lines = PAGE.partition(f"\n{language}:\n")[2].splitlines()
    after = next((number for number, line in enumerate(lines) if line and not line.startswith("    ")), len(lines))
    code = dedent("\n".join(lines[:after])).strip()
    assert code, language
    return code


def in_python(secret: str, body: bytes, signature: str) -> bool:
    names: dict[str, Verify] = {}
    exec(snippet("Python"), names)  # noqa: S102 - our own documentation
    return names["is_genuine"](secret, body, signature)


def in_javascript(secret: str, body: bytes, signature: str) -> bool:
    given = json.dumps([secret, base64.b64encode(body).decode(), signature])
    call = f'const [s, b, g] = {given}; console.log(isGenuine(s, Buffer.from(b, "base64"), g))'
    node = shutil.which("node")
    assert node, "the storage emulator needs Node, so it is there"
    command = [node, "-e", f"{snippet('JavaScript (Node)')}\n{call}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {"true\n": True, "false\n": False}[done.stdout]


@pytest.fixture
def call(connection_string: str, receiver: Receiver) -> Received:
    """A delivery as the receiver got it."""
    hub = delivering_hub(connection_string)
    attempt(hub, register(hub, receiver.url, Name="grüße", Secret=SECRET))
    return receiver.journal[-1]


@pytest.mark.parametrize("verify", [in_python, in_javascript])
def test_what_the_documentation_tells_receivers_tells_genuine_from_not(call: Received, verify: Verify) -> None:
    signature = call.headers["x-superoffice-signature"]
    assert verify(SECRET, call.body, signature)
    assert not verify(SECRET, call.body + b" ", signature)
    assert not verify("another secret", call.body, signature)


@pytest.mark.parametrize("verify", [in_python, in_javascript])
@pytest.mark.parametrize("signature", ["", "é", "bm90IGEgbWFj"])
def test_a_strange_signature_is_not_genuine_and_no_exception(call: Received, verify: Verify, signature: str) -> None:
    assert not verify(SECRET, call.body, signature)


def test_the_code_for_public_keys_tells_genuine_from_not(connection_string: str, receiver: Receiver) -> None:
    private = f"whsk_{base64.b64encode(bytes(32)).decode()}"
    hub = delivering_hub(connection_string)
    attempt(hub, register(hub, receiver.url, Name="grüße", Secret=private))
    call, names = receiver.journal[-1], dict[str, Callable[[str, dict[str, str], bytes], None]]()
    exec(snippet("Python, with the public key"), names)  # noqa: S102 - our own documentation
    names["verify"](public_key_of(private) or "", dict(call.headers), call.body)
    with pytest.raises(InvalidSignature):
        names["verify"](public_key_of(private) or "", dict(call.headers), call.body + b" ")
