import re

import pytest

from devhost.tracing import invocation_traceparent

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_an_invocation_is_a_new_span_of_the_trace_that_a_request_names() -> None:
    header = f"00-{TRACE}-b7ad6b7169203331-01"
    found = {invocation_traceparent(header) for _ in range(2)}
    assert len({*found, header}) == 3
    assert all(re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", one) for one in found)


@pytest.mark.parametrize(
    "header", [None, "", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01", f"00-{TRACE}-{'0' * 16}-01"]
)
def test_any_other_request_begins_a_trace(header: str | None) -> None:
    found = {invocation_traceparent(header) for _ in range(2)}
    assert len(found) == 2
    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", one) and TRACE not in one for one in found)
