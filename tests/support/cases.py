"""One test for a whole list of inputs that all have to show the same behaviour."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import pytest

type Test = Callable[..., None]
type Case = Mapping[str, Any]

_tables: dict[Test, tuple[Test, tuple[Case, ...]]] = {}


def holds_for(names: str | tuple[str, ...], values: Iterable[Any]) -> Callable[[Test], Test]:
    """Call the test with every value, within one test, and report each value that it fails for.

    It is written as `pytest.mark.parametrize` is, and two of them multiply as those do. Use `parametrize` where each
    case is a behaviour of its own with a name; use this where one behaviour is shown by many inputs, so that the
    number of tests stays a number of behaviours. Fixtures are set up once for all values, so the next value meets
    what the last one has left behind.
    """
    keys = tuple(name.strip() for name in names.split(",")) if isinstance(names, str) else names
    cases = tuple(_cases(keys, values))
    if not cases:
        raise ValueError(f"there are no values for {', '.join(keys)}, so the test could not fail")

    def decorate(test: Test) -> Test:
        body, inner = _tables.get(test, (test, ({},)))
        table = tuple({**one, **other} for other, one in product(inner, cases))

        @functools.wraps(body)
        def run(subtests: pytest.Subtests, **fixtures: Any) -> None:  # noqa: ANN401  # whatever the test asks for
            for case in table:
                with subtests.test(**case):
                    body(**case, **fixtures)

        run.__dict__.update(test.__dict__, __signature__=_signature(body, set(table[0])))
        _tables[run] = (body, table)
        return run

    return decorate


def _cases(keys: tuple[str, ...], values: Iterable[Any]) -> Iterator[Case]:
    for value in values:
        yield dict(zip(keys, value if len(keys) > 1 else (value,), strict=True))


def _signature(test: Test, given: set[str]) -> inspect.Signature:
    """What pytest has to provide: the fixtures of the test, and the one that reports each case."""
    signature = inspect.signature(test)
    if unknown := given - signature.parameters.keys():
        raise ValueError(f"the test has no parameter {', '.join(sorted(unknown))}")
    reporter = inspect.Parameter("subtests", inspect.Parameter.KEYWORD_ONLY)
    fixtures = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in signature.parameters.items()
        if name not in given
    ]
    return signature.replace(parameters=[reporter, *fixtures])
