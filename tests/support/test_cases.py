from textwrap import dedent

import pytest

from tests.support.cases import holds_for

pytest_plugins = "pytester"


def results(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    """What pytest says of a module with this test."""
    pytester.makepyfile("import pytest\nfrom tests.support.cases import holds_for\n\n" + dedent(test))
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:schemathesis")


def test_it_is_one_test_that_names_every_value_it_fails_for(pytester: pytest.Pytester) -> None:
    result = results(
        pytester,
        """
        @holds_for("number", [1, 2, 3, 4])
        def test_a_number_is_odd(number):
            assert number % 2
        """,
    )
    lines = result.stdout.lines
    assert [line.partition(" - ")[0] for line in lines if line.startswith("SUBFAILED")] == [
        "SUBFAILED(number=2) test_it_is_one_test_that_names_every_value_it_fails_for.py::test_a_number_is_odd",
        "SUBFAILED(number=4) test_it_is_one_test_that_names_every_value_it_fails_for.py::test_a_number_is_odd",
    ]
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "contains 2 failed subtests" in result.stdout.str()


def test_two_of_them_multiply_and_fixtures_and_parametrize_stay(pytester: pytest.Pytester) -> None:
    result = results(
        pytester,
        """
        tried = []

        @pytest.fixture
        def name():
            return "x"

        @pytest.mark.parametrize("case", ["A", "B"])
        @holds_for("number", [1, 2])
        @holds_for(("sign", "text"), [("+", "plus"), ("-", "minus")])
        def test_something(name, *, number, sign, text, case):
            tried.append(f"{case}{name}{sign}{number}{text}")

        def test_all_were_tried():
            assert tried == [
                *["Ax+1plus", "Ax+2plus", "Ax-1minus", "Ax-2minus", "Bx+1plus", "Bx+2plus", "Bx-1minus", "Bx-2minus"]
            ]
        """,
    )
    assert result.parseoutcomes() == {"passed": 3}


def test_no_values_or_a_wrong_name_are_an_error_of_the_test() -> None:
    with pytest.raises(ValueError, match="no values for text"):
        holds_for("text", [])
    with pytest.raises(ValueError, match="no parameter word"):
        holds_for("word", ["a"])(lambda text: None)
