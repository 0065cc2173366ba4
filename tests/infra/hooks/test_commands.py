import json
import shlex
import subprocess
import sys

import pytest
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
        # An empty one would be removed, and then a local.settings.json counts.
        "$env:EMPTY = ' '",
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


@pytest.mark.parametrize("quote", "'\u2018\u2019\u201a\u201b")
def test_powershell_takes_a_typographic_quote_for_the_end_of_a_text_unless_it_is_doubled(quote: str) -> None:
    command = Command((f"C:\\the team{quote}s\\hub", f"the team{quote}s; exit"), {"ROLE": f"the team{quote}s"})
    assert list(typed(command, on_windows=True)) == [
        f"$env:ROLE = 'the team{quote * 2}s'",
        f"& 'C:\\the team{quote * 2}s\\hub' 'the team{quote * 2}s; exit'",
    ]


@pytest.mark.parametrize("value", ["a\nb", "$(exit 1)", "`exit 1`", 'caf\u00e9 \u2019 "', "\\", "*?~!#&|;<>"])
def test_a_shell_does_not_act_on_what_a_name_holds(value: str) -> None:
    program = (
        "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.argv[1]) + b'|' + os.fsencode(os.environ['NAME']))"
    )
    lines = "\n".join(typed(Command((sys.executable, "-c", program, value), {"NAME": value}), on_windows=False))
    shown = subprocess.run(["/bin/sh", "-c", lines], capture_output=True, check=True).stdout
    assert shown.decode() == f"{value}|{value}"
