"""What the console's key opens on this machine, and the link that signs in."""

from pathlib import Path

from devhost.console import FUNCTIONS, KEY_NAME, open_functions, sign_in_link
from devhost.keys import KeyStore, Level
from infra.hooks.keys import CONSOLE, DYNAMICS


def test_the_key_opens_here_what_it_opens_in_azure_and_no_receiver() -> None:
    assert (KEY_NAME, set(FUNCTIONS)) == (CONSOLE.name, set(CONSOLE.functions))
    assert set(FUNCTIONS).isdisjoint(DYNAMICS.functions)


def test_the_key_opens_these_functions_alone_and_another_one_takes_its_place(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path)
    open_functions(keys, "old")
    open_functions(keys, "new")
    assert {keys.level("new", name) for name in FUNCTIONS} == {Level.FUNCTION}
    assert {keys.level("old", name) for name in FUNCTIONS} == {Level.NOTHING}
    assert {keys.level("new", name) for name in DYNAMICS.functions} == {Level.NOTHING}


def test_a_key_is_in_the_part_of_the_link_that_no_server_sees() -> None:
    assert sign_in_link("http://localhost:7071", "hub_a-_") == "http://localhost:7071/api/console#key=hub_a-_"
    assert sign_in_link("http://localhost:7071", "a b#c/d").endswith("#key=a%20b%23c%2Fd")
