"""No request to the webhook API is answered with a 5xx: values at random in every place, over HTTP."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.superoffice.samples import ANY_JSON, ENTITIES, FULL, TEXTS
from tests.e2e.running import RunningApp
from tests.e2e.webhooks import Json, created, one, request, stopped

ON_THE_RUNNING_APP = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FEW_EXAMPLES = settings(ON_THE_RUNNING_APP, max_examples=40)
AGENT = "Agents/Webhook/"
CONTENT_TYPES = st.sampled_from(
    [
        "application/json",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "text/plain",
        "a;b",
        "*/*",
    ]
)
# What a path and a header can carry over HTTP.
STEPS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/.?#\\"), max_size=20)
HEADERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)
# Stopped, and at an address that nobody looks up: nobody is to be called.
CALM: Json = {"State": "Stopped", "TargetUrl": "https://93.184.216.34/"}


def is_answered(status: int) -> bool:
    """Whether the caller was served, or told what is wrong with the request."""
    return status in {200, 204, 304, 400, 404, 409, 412, 413, 415}


@ON_THE_RUNNING_APP
@given(entity=ENTITIES, member=st.sampled_from(sorted(FULL)), value=ANY_JSON)
def test_no_entity_is_answered_with_a_5xx(app: RunningApp, entity: Json, member: str, value: object) -> None:
    for document in (stopped() | entity | CALM, FULL | CALM | ({} if member in CALM else {member: value})):
        response = request(app, "POST", "Webhook", document)
        assert is_answered(response.status_code), response.text
        if response.status_code == 200:
            path = one(response.json())
            assert request(app, "GET", path, Accept="application/xml").status_code == 200
            assert request(app, "PUT", path, response.json()).status_code == 200
            assert request(app, "DELETE", path).status_code == 204


@ON_THE_RUNNING_APP
@given(
    body=st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()),
    content_type=CONTENT_TYPES,
    where=st.sampled_from(
        [
            ("POST", "Webhook"),
            ("PUT", ""),
            ("PATCH", ""),
            ("POST", "Webhook/a.b/1"),
            ("POST", f"{AGENT}SaveWebhook"),
            ("POST", f"{AGENT}GetAllWebhooks"),
            ("POST", f"{AGENT}SignalEvent"),
            ("POST", f"{AGENT}GetLastError"),
            ("POST", f"{AGENT}TestWebhook"),
        ]
    ),
)
def test_no_body_is_answered_with_a_5xx(
    app: RunningApp, body: bytes, content_type: str, where: tuple[str, str]
) -> None:
    method, path = where
    response = request(
        app, method, path or one(_STORED.setdefault("one", created(app))), body, Content_Type=content_type
    )
    assert is_answered(response.status_code), response.text


@FEW_EXAMPLES
@given(
    steps=st.lists(STEPS, max_size=4),
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    query=st.dictionaries(
        st.sampled_from(["nameFilter", "eventFilter", "statusFilter", "$select", "webhookId"]), TEXTS, max_size=3
    ),
    accept=HEADERS,
)
def test_no_address_is_answered_with_a_5xx(
    app: RunningApp, steps: list[str], method: str, query: dict[str, str], accept: str
) -> None:
    for path in ("/".join(["Webhook", *steps]), AGENT + "".join(steps), f"{AGENT}GetAllWebhooks"):
        # A path that nobody routes is the platform's to answer.
        response = request(app, method, path, query=query, Accept=accept, SO_TimeZone=accept, If_Modified_Since=accept)
        assert response.status_code < 500, response.text


@FEW_EXAMPLES
@given(
    patch=st.lists(
        st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "replace", "remove", "test", "move", "x"])},
            optional={
                "path": TEXTS | st.sampled_from([f"/{name}" for name in FULL] + ["/Events/-"]),
                "value": ANY_JSON,
            },
        ),
        max_size=4,
    )
)
def test_no_patch_is_answered_with_a_5xx(app: RunningApp, patch: list[Json]) -> None:
    calm = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in CALM.items()]
    response = request(app, "PATCH", one(_STORED.setdefault("patched", created(app))), [*patch, *calm])
    assert is_answered(response.status_code), response.text


_STORED: dict[str, Json] = {}
