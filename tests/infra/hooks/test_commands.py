import json
import shlex
import subprocess
import sys

from hypothesis import given, settings
from hypothesis.strategies import characters, lists, text

from infra.hooks.commands import Command, json_argument, typed

WORDS = lists(text(characters(codec="ascii", exclude_characters="\0\n\r"), min_size=1), min_size=1, max_size=3)


def test_variables_stand_before_the_command_and_hold_for_it_alone() -> None:
    command = Command(("hub", "do it"), {"EMPTY": "", "NAME": "a b", "KEY": Command(("az", "x y"))})
    assert list(typed(command, on_windows=False)) == [
        "EMPTY= \\",
        "NAME='a b' \\",
        "KEY=\"$(az 'x y')\" \\",
        "hub 'do it'",
    ]


def test_powershell_sets_them_first() -> None:
    command = Command(("hub", "do it"), {"EMPTY": "", "NAME": "it's", "KEY": Command(("az", "x y"))})
    assert list(typed(command, on_windows=True)) == [
        "$env:EMPTY = ''",
        "$env:NAME = 'it''s'",
        "$env:KEY = az 'x y'",
        "hub 'do it'",
    ]


def test_a_shell_gives_the_program_what_is_meant() -> None:
    program = "import os, sys; print(sys.argv[1:], os.environ['KEY'], repr(os.environ['EMPTY']))"
    command = Command(
        (sys.executable, "-c", program, "a 'b' $c"), {"EMPTY": "", "KEY": Command(("printf", "%s", "it's $HOME"))}
    )
    lines = "\n".join(typed(command, on_windows=False))
    shown = subprocess.run(["/bin/sh", "-c", lines], capture_output=True, text=True, check=True).stdout
    assert shown == """["a 'b' $c"] it's $HOME ''\n"""


@given(WORDS)
@settings(max_examples=50)
def test_words_are_taken_apart_as_they_were_put_together(words: list[str]) -> None:
    assert shlex.split("\n".join(typed(Command(words), on_windows=False))) == words


def test_json_reaches_az_on_either_system() -> None:
    value = {"name": "hub", "audiences": ["api://x"]}
    assert json.loads(json_argument(value, on_windows=False)) == value
    assert json.loads(json_argument(value, on_windows=True).replace('\\"', '"')) == value
