"""No request to ConnectionWebhook is answered with a 5xx: hypothesis changes the sample, over HTTP."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dynamics.samples import ANY_JSON, REMOVED, paths, sample_with
from tests.e2e.running import RunningApp

ON_THE_RUNNING_APP = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ON_THE_RUNNING_APP
@given(path=st.sampled_from(paths()), value=ANY_JSON | st.just(REMOVED))
def test_no_changed_payload_is_answered_with_a_5xx(app: RunningApp, path: tuple[Any, ...], value: object) -> None:
    response = app.post(sample_with(value, *path))
    assert response.status_code in {200, 201, 400, 403}


@ON_THE_RUNNING_APP
@given(body=st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_no_other_body_is_answered_with_a_5xx(app: RunningApp, body: bytes) -> None:
    response = app.post(body)
    assert (response.status_code, response.headers["Content-Type"]) == (400, "application/problem+json")
